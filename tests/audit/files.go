// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io/ioutil"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// verifyProof checks that an entry stands in a log (C2SP tlog-proof).
func verifyProof(file, leafFile, vkey string, cosignerKeys []string) error {
	log, err := readVerifier(vkey)
	if err != nil {
		return err
	}
	cosigners, err := readVerifiers(cosignerKeys)
	if err != nil {
		return err
	}
	b, err := ioutil.ReadFile(file)
	if err != nil {
		return err
	}
	line, b, err := takeLine(b)
	if err != nil || line != "c2sp.org/tlog-proof@v1" {
		return refuse("%s is not a proof", file)
	}
	line, b, err = takeLine(b)
	if err != nil {
		return err
	}
	var extra []byte
	if strings.HasPrefix(line, "extra ") {
		extra, err = base64.StdEncoding.Strict().DecodeString(line[6:])
		if err != nil {
			return refuse("%s: %v", file, err)
		}
		if line, b, err = takeLine(b); err != nil {
			return err
		}
	}
	if !strings.HasPrefix(line, "index ") {
		return refuse("%s has no index", file)
	}
	index, err := parseNumber(line[6:])
	if err != nil {
		return err
	}
	proof, b, err := takeHashes(b)
	if err != nil {
		return err
	}
	head, err := openCheckpoint(b, log, cosigners)
	if err != nil {
		return err
	}
	leaf := extra
	if leafFile != "-" {
		if leaf, err = ioutil.ReadFile(leafFile); err != nil {
			return err
		}
	}
	err = tlog.CheckRecord(tlog.RecordProof(proof), head.N, head.Hash, index,
		tlog.RecordHash(leaf))
	if err != nil {
		return refuse("%s: %v", file, err)
	}
	fmt.Printf("ok: entry %d of %d of %s, %d cosignatures\n",
		index, head.N, head.origin, len(head.cosigned))
	return nil
}

// verifyConsistency checks that an older checkpoint is of a prefix of a log,
// proving it from the log's tiles.
func verifyConsistency(dir, oldFile, vkey string) error {
	log, err := readVerifier(vkey)
	if err != nil {
		return err
	}
	var heads [2]checkpoint
	for i, path := range []string{oldFile, filepath.Join(dir, "checkpoint")} {
		msg, err := ioutil.ReadFile(path)
		if err != nil {
			return err
		}
		// Who vouched for either is not the question here.
		if i := bytes.Index(msg, []byte("/cosigner ")); i >= 0 {
			msg = msg[:bytes.LastIndexByte(msg[:i], '\n')+1]
		}
		if heads[i], err = openCheckpoint(msg, log, nil); err != nil {
			return err
		}
	}
	older, newer := heads[0], heads[1]
	if older.N > newer.N {
		return refuse("%s: %d entries were signed, and %d are here",
			dir, older.N, newer.N)
	}
	proof, err := tlog.ProveTree(newer.N, older.N,
		tlog.TileHashReader(newer.Tree, tiles(dir)))
	if err != nil {
		return refuse("%s: %v", dir, err)
	}
	err = tlog.CheckTree(proof, newer.N, newer.Hash, older.N, older.Hash)
	if err != nil {
		return refuse("%s: not the log that was signed at %d: %v",
			dir, older.N, err)
	}
	fmt.Printf("ok: %s: %d entries are the first of %d\n",
		newer.origin, older.N, newer.N)
	return nil
}

// verifyFork checks that one key signed two histories of one log.
func verifyFork(file, vkey string, cosignerKeys []string) error {
	log, err := readVerifier(vkey)
	if err != nil {
		return err
	}
	cosigners, err := readVerifiers(cosignerKeys)
	if err != nil {
		return err
	}
	b, err := ioutil.ReadFile(file)
	if err != nil {
		return err
	}
	line, b, err := takeLine(b)
	if err != nil || line != "corridor-fork@v1" {
		return refuse("%s is not evidence of a fork", file)
	}
	if line, b, err = takeLine(b); err != nil {
		return err
	}
	root, err := tlog.ParseHash(line)
	if err != nil {
		return refuse("%s: %v", file, err)
	}
	proof, b, err := takeHashes(b)
	if err != nil {
		return err
	}
	// Each note has one empty line, before its signatures; one is between.
	parts := bytes.SplitN(b, []byte("\n\n"), 3)
	if len(parts) != 3 {
		return refuse("%s does not hold two checkpoints", file)
	}
	split := len(parts[0]) + 2 + len(parts[1]) + 1
	older, err := openCheckpoint(b[:split], log, cosigners)
	if err != nil {
		return err
	}
	newer, err := openCheckpoint(b[split+1:], log, cosigners)
	if err != nil {
		return err
	}
	err = tlog.CheckTree(tlog.TreeProof(proof), newer.N, newer.Hash, older.N,
		root)
	if err != nil {
		return refuse("%s: %v", file, err)
	}
	if root == older.Hash {
		return refuse("%s: the two checkpoints agree", file)
	}
	fmt.Printf("ok: %s was signed in two versions, at %d and at %d\n",
		older.origin, older.N, newer.N)
	return nil
}
