// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io/ioutil"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	leafSize   = 68
)

// tilePath is a tile's path in C2SP tlog-tiles: Go's own names its height.
func tilePath(folder string, t tlog.Tile) string {
	path := t.Path()
	path = path[strings.Index(path, "/")+1:] // tile/
	path = path[strings.Index(path, "/")+1:] // 8/
	path = path[strings.Index(path, "/")+1:] // the level
	return folder + "/" + path
}

func levelFolder(level int) string { return fmt.Sprintf("tile/%d", level) }

// tilesOf lists the tiles of a log: tlog.NewTiles adds every narrower one.
func tilesOf(size int64) []tlog.Tile {
	var list []tlog.Tile
	for level := 0; size > 0; level++ {
		for n := int64(0); n < size>>tileHeight; n++ {
			list = append(list, tlog.Tile{H: tileHeight, L: level, N: n,
				W: tileWidth})
		}
		if w := int(size % tileWidth); w > 0 {
			list = append(list, tlog.Tile{H: tileHeight, L: level,
				N: size >> tileHeight, W: w})
		}
		size >>= tileHeight
	}
	return list
}

// readTile reads a file that must stand there as it is, full or partial.
func readTile(dir, folder string, t tlog.Tile) ([]byte, error) {
	data, err := ioutil.ReadFile(filepath.Join(dir, tilePath(folder, t)))
	if os.IsNotExist(err) {
		return nil, refuse("%s: %s is missing", dir, tilePath(folder, t))
	}
	return data, err
}

// tiles is a log's folder as Go's reader of tiles wants it.
type tiles string

func (dir tiles) Height() int                     { return tileHeight }
func (dir tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (dir tiles) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, t := range list {
		d, err := readTile(string(dir), levelFolder(t.L), t)
		if err != nil {
			return nil, err
		}
		data = append(data, d)
	}
	return data, nil
}

// memory holds all hashes of a tree at their stored indices.
type memory []tlog.Hash

func (m memory) ReadHashes(indices []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indices))
	for i, at := range indices {
		if at >= int64(len(m)) {
			return nil, fmt.Errorf("no hash %d", at)
		}
		hashes[i] = m[at]
	}
	return hashes, nil
}

// grow appends a bundle's entries to the tree, and returns them.
func (m *memory) grow(first int64, width int, bundle []byte) ([][]byte, error) {
	var leaves [][]byte
	for i := 0; i < width; i++ {
		if len(bundle) < 2 {
			return nil, refuse("a bundle ends after %d entries", i)
		}
		size := int(binary.BigEndian.Uint16(bundle))
		bundle = bundle[2:]
		if size != leafSize || len(bundle) < size {
			return nil, refuse("entry %d is not of %d bytes", i, leafSize)
		}
		leaf := bundle[:size]
		bundle = bundle[size:]
		leaves = append(leaves, leaf)
		hashes, err := tlog.StoredHashesForRecordHash(
			first+int64(i), tlog.RecordHash(leaf), m)
		if err != nil {
			return nil, err
		}
		*m = append(*m, hashes...)
	}
	if len(bundle) != 0 {
		return nil, refuse("a bundle goes on after %d entries", width)
	}
	return leaves, nil
}

// takeSized cuts off what stands behind its size of 16 bits.
func takeSized(b []byte) (item, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	size := int(binary.BigEndian.Uint16(b))
	if len(b) < 2+size {
		return nil, nil, false
	}
	return b[2 : 2+size], b[2+size:], true
}

// checkHeaders compares headers, and bodies where they are, with the leaves.
func checkHeaders(leaves [][]byte, bundle []byte) error {
	for i, leaf := range leaves {
		header, rest, ok := takeSized(bundle)
		if !ok || len(rest) == 0 {
			return refuse("the headers end at %d", i)
		}
		state := rest[0]
		bundle = rest[1:]
		if sum := sha256.Sum256(header); !bytes.Equal(sum[:], leaf[4:36]) {
			return refuse("header %d is not the one in its leaf", i)
		}
		if state != 0 {
			continue
		}
		body, rest, ok := takeSized(bundle)
		if !ok {
			return refuse("the bodies end at %d", i)
		}
		bundle = rest
		if sum := sha256.Sum256(body); !bytes.Equal(sum[:], leaf[36:]) {
			return refuse("body %d is not the one in its leaf", i)
		}
	}
	if len(bundle) != 0 {
		return refuse("the headers go on")
	}
	return nil
}

// readEntries makes the tree from the bundles of entries alone.
func readEntries(dir string, size int64) (memory, int, error) {
	m := make(memory, 0, tlog.StoredHashCount(size))
	headers := 0
	for _, t := range tilesOf(size) {
		if t.L != 0 {
			continue
		}
		bundle, err := readTile(dir, "tile/entries", t)
		if err != nil {
			return nil, 0, err
		}
		leaves, err := m.grow(t.N*tileWidth, t.W, bundle)
		if err != nil {
			return nil, 0, err
		}
		if _, err := os.Stat(filepath.Join(dir, "headers")); err != nil {
			continue
		}
		bundle, err = readTile(dir, "headers", t)
		if err != nil {
			return nil, 0, err
		}
		if err := checkHeaders(leaves, bundle); err != nil {
			return nil, 0, err
		}
		headers += t.W
	}
	return m, headers, nil
}

// compareTiles holds every hash tile of the size against the tree.
func compareTiles(dir string, size int64, m memory) (int, error) {
	list := tilesOf(size)
	for _, t := range list {
		data, err := readTile(dir, levelFolder(t.L), t)
		if err != nil {
			return 0, err
		}
		want, err := tlog.ReadTileData(t, m)
		if err != nil {
			return 0, err
		}
		if !bytes.Equal(data, want) {
			return 0, refuse("%s: %s is not what the entries make",
				dir, tilePath(levelFolder(t.L), t))
		}
	}
	return len(list), nil
}

// checkVouched checks the notes over lesser sizes that cosigners made, which
// the log's own key need not have signed, and says how many lines they have.
func checkVouched(
	dir string, log note.Verifier, cosigners []note.Verifier, m memory,
) (int, error) {
	files, err := filepath.Glob(filepath.Join(dir, "vouched", "*"))
	if err != nil {
		return 0, err
	}
	count := 0
	for _, path := range files {
		msg, err := ioutil.ReadFile(path)
		if err != nil {
			return 0, err
		}
		head, _, err := openNote(msg, log, cosigners)
		if err != nil {
			return 0, err
		}
		root, err := tlog.TreeHash(head.N, m)
		if err != nil || root != head.Hash {
			return 0, refuse("%s: not of this log", path)
		}
		if fmt.Sprint(head.N) != filepath.Base(path) {
			return 0, refuse("%s: of %d entries", path, head.N)
		}
		count += len(head.cosigned)
	}
	return count, nil
}

// verifyLog checks one log's folder.
func verifyLog(dir string, cosigners []note.Verifier) error {
	log, err := readVerifier(filepath.Join(dir, "vkey"))
	if err != nil {
		return err
	}
	msg, err := ioutil.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return err
	}
	head, err := openCheckpoint(msg, log, cosigners)
	if err != nil {
		return err
	}
	m, headers, err := readEntries(dir, head.N)
	if err != nil {
		return err
	}
	root, err := tlog.TreeHash(head.N, m)
	if err != nil {
		return err
	}
	if root != head.Hash {
		return refuse("%s: the entries make another root", dir)
	}
	count, err := compareTiles(dir, head.N, m)
	if err != nil {
		return err
	}
	older, err := checkVouched(dir, log, cosigners, m)
	if err != nil {
		return err
	}
	// Once more from the tiles alone, as a client of a log reads them.
	reader := tlog.TileHashReader(head.Tree, tiles(dir))
	for at := int64(0); at < head.N; at += tileWidth {
		if _, err := reader.ReadHashes(
			[]int64{tlog.StoredHashIndex(0, at)}); err != nil {
			return refuse("%s: %v", dir, err)
		}
	}
	fmt.Printf("ok: %s: %d entries, %d tiles, %d headers, %d cosignatures, "+
		"%d on older heads\n", head.origin, head.N, count, headers,
		len(head.cosigned), older)
	return nil
}

// verifyExport checks every log of every node.
func verifyExport(dir string, witnesses []string) error {
	keys, err := filepath.Glob(filepath.Join(dir, "*", "cosigner"))
	if err != nil {
		return err
	}
	cosigners, err := readVerifiers(append(keys, witnesses...))
	if err != nil {
		return err
	}
	logs, err := filepath.Glob(filepath.Join(dir, "*", "*", "checkpoint"))
	if err != nil {
		return err
	}
	if len(logs) == 0 {
		return fmt.Errorf("%s: no logs", dir)
	}
	for _, path := range logs {
		if err := verifyLog(filepath.Dir(path), cosigners); err != nil {
			return err
		}
	}
	return nil
}
