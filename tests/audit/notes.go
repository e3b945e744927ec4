// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io/ioutil"
	"math"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// cosigner is a note.Verifier for C2SP tlog-cosignature's type 0x04, which
// Go's note package does not know.
type cosigner struct {
	name string
	id   uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.id }

func (c cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	t := binary.BigEndian.Uint64(sig)
	if t > math.MaxInt64 {
		return false
	}
	text := fmt.Sprintf("cosignature/v1\ntime %d\n%s", t, msg)
	return ed25519.Verify(c.key, []byte(text), sig[8:])
}

// newVerifier reads a verifier key of either type.
func newVerifier(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, refuse("not a verifier key: %s", vkey)
	}
	typed, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(typed) == 0 {
		return nil, refuse("not a verifier key: %s", vkey)
	}
	if typed[0] != 4 {
		v, err := note.NewVerifier(vkey)
		if err != nil {
			return nil, refuse("%v: %s", err, vkey)
		}
		return v, nil
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), typed...))
	id := binary.BigEndian.Uint32(sum[:])
	if len(typed) != 1+ed25519.PublicKeySize ||
		parts[1] != fmt.Sprintf("%08x", id) {
		return nil, refuse("not a cosigner's key: %s", vkey)
	}
	return cosigner{parts[0], id, ed25519.PublicKey(typed[1:])}, nil
}

// readVerifier takes a key, or the name of a file of one line that is a key.
func readVerifier(word string) (note.Verifier, error) {
	if strings.Count(word, "+") < 2 {
		text, err := ioutil.ReadFile(word)
		if err != nil {
			return nil, err
		}
		word = strings.TrimSuffix(string(text), "\n")
	}
	return newVerifier(word)
}

func readVerifiers(words []string) ([]note.Verifier, error) {
	var list []note.Verifier
	for _, word := range words {
		v, err := readVerifier(word)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// checkpoint is one that verified.
type checkpoint struct {
	tlog.Tree
	origin   string
	cosigned []string // by whom
}

// openCheckpoint verifies the log's signature and those of all cosigners.
func openCheckpoint(
	msg []byte, log note.Verifier, cosigners []note.Verifier,
) (checkpoint, error) {
	c, signed, err := openNote(msg, log, cosigners)
	if err == nil && !signed {
		err = refuse("checkpoint of %s: not signed by it", log.Name())
	}
	return c, err
}

// openNote verifies all lines, and tells whether one is the log's. A line of
// nobody known is refused: a damaged name must not pass as unknown.
func openNote(
	msg []byte, log note.Verifier, cosigners []note.Verifier,
) (c checkpoint, signed bool, err error) {
	known := append([]note.Verifier{log}, cosigners...)
	n, err := note.Open(msg, note.VerifierList(known...))
	if err != nil {
		return c, false, refuse("checkpoint of %s: %v", log.Name(), err)
	}
	if len(n.UnverifiedSigs) > 0 {
		return c, false, refuse(
			"checkpoint of %s: signed by %s, whose key is not here",
			log.Name(), n.UnverifiedSigs[0].Name)
	}
	for _, sig := range n.Sigs {
		if sig.Name == log.Name() && sig.Hash == log.KeyHash() {
			signed = true
			continue
		}
		c.cosigned = append(c.cosigned, sig.Name)
	}
	c.origin = log.Name()
	c.Tree, err = parseCheckpoint(n.Text, c.origin)
	return c, signed, err
}

// parseCheckpoint reads the three lines of a checkpoint of that origin.
func parseCheckpoint(text, origin string) (tlog.Tree, error) {
	var tree tlog.Tree
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] != origin {
		return tree, refuse("checkpoint of %s: other lines than three", origin)
	}
	n, err := parseNumber(lines[1])
	if err != nil {
		return tree, err
	}
	tree.N = n
	tree.Hash, err = tlog.ParseHash(lines[2])
	if err != nil {
		return tree, refuse("checkpoint of %s: %v", origin, err)
	}
	return tree, nil
}

func parseNumber(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != text {
		return 0, refuse("not a number: %q", text)
	}
	return n, nil
}

// takeLine cuts off the first line.
func takeLine(b []byte) (line string, rest []byte, err error) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return "", nil, refuse("a line without an end")
	}
	return string(b[:i]), b[i+1:], nil
}

// takeHashes cuts off hashes, one a line, and the empty line behind them.
func takeHashes(b []byte) (hashes []tlog.Hash, rest []byte, err error) {
	for {
		line, rest, err := takeLine(b)
		if err != nil || line == "" {
			return hashes, rest, err
		}
		h, err := tlog.ParseHash(line)
		if err != nil {
			return nil, nil, refuse("%v", err)
		}
		hashes = append(hashes, h)
		b = rest
	}
}
