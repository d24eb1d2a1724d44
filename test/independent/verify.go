// Command verify checks recorded logs with golang.org/x/mod/sumdb, which knows nothing of Cordon: it shares no code,
// no author and no language with what wrote them.
//
//	verify log DIRECTORY VKEY             every tile and every entry against the signed checkpoint
//	verify log -changed N DIRECTORY VKEY  the same again with one byte changed: every Nth of each file, of the checkpoint
//	                                      every one; less than 0: one byte of about -N files
//	verify proof FILE VKEY                a proof of inclusion (c2sp.org/tlog-proof) whose extra line is the entry
//	verify cosignature FILE VKEY          a checkpoint cosigned by a witness (c2sp.org/tlog-cosignature)
//	verify consistency FILE OLD VKEY      a proof (c2sp.org/tlog-witness, add-checkpoint) that extends checkpoint OLD
//
// Exit code 0: accepted, and with -changed every change was rejected. 1: not.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// files holds what lies in a log's directory, by path.
type files map[string][]byte

// What the same bytes came to before, they come to again: with one byte changed, most of a log is as it was.
var (
	opened = map[string]tlog.Tree{}
	hashed = map[string]tlog.Hash{}
)

// The write-ahead file, the salt and an earlier checkpoint lie beside the log: no checkpoint covers them.
var beside = map[string]bool{"wal": true, "salt": true, "cosigned": true}

func main() {
	changed := flag.Int("changed", 0, "")
	if len(os.Args) < 2 {
		fail(errors.New("usage: verify log|proof|consistency ..."))
	}
	flag.CommandLine.Parse(os.Args[2:])
	args := flag.Args()
	switch {
	case os.Args[1] == "log" && len(args) == 2:
		fail(verifyLog(args[0], args[1], *changed))
	case os.Args[1] == "proof" && len(args) == 2:
		fail(verifyProof(read(args[0]), args[1]))
	case os.Args[1] == "cosignature" && len(args) == 2:
		fail(verifyCosignature(read(args[0]), args[1]))
	case os.Args[1] == "consistency" && len(args) == 3:
		fail(verifyConsistency(read(args[0]), read(args[1]), args[2]))
	default:
		fail(errors.New("wrong arguments"))
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func read(path string) string {
	content, err := os.ReadFile(path)
	fail(err)
	return string(content)
}

func verifyLog(directory, vkey string, every int) error {
	log, err := load(directory)
	if err != nil {
		return err
	}
	size, err := log.verify(vkey)
	if err != nil {
		return err
	}
	changes := 0
	if every != 0 {
		if changes, err = log.changeBytes(vkey, every); err != nil {
			return err
		}
	}
	fmt.Printf("%d entries, %d changes rejected\n", size, changes)
	return nil
}

func load(directory string) (files, error) {
	log := files{}
	err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(directory, path)
		if err == nil && !beside[name] {
			log[filepath.ToSlash(name)], err = os.ReadFile(path)
		}
		return err
	})
	return log, err
}

// changeBytes verifies the log again and again, each time with one byte changed. Where it is one byte of a few files, the
// checkpoint and the tiles that stand above others are among them.
func (log files) changeBytes(vkey string, every int) (int, error) {
	changes := 0
	for number, name := range log.names() {
		content := log[name]
		at, step := number%max(1, every), every
		switch {
		case every < 0:
			above := !strings.HasPrefix(name, "tile/entries/") && !strings.HasPrefix(name, "tile/0/")
			if !above && number%(1-len(log)/every) != 0 {
				continue
			}
			at, step = number*7919%len(content), len(content)
		case name == "checkpoint":
			at, step = 0, 1
		}
		for ; at < len(content); at += step {
			bits := byte(1 + at%255)
			content[at] ^= bits
			_, err := log.verify(vkey)
			content[at] ^= bits
			if err == nil {
				return changes, fmt.Errorf("accepted with byte %d of %s changed", at, name)
			}
			changes++
		}
	}
	return changes, nil
}

func (log files) names() []string {
	var names []string
	for name := range log {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// verify grows the tree from the entries and compares root and tiles. Not by tlog.TileHashReader, which would be
// shorter: before x/mod 0.40 it leaves some tiles unauthenticated (CVE-2026-56865; it accepts a log of 70,000 entries
// with tile/1/000 changed), and distributions still ship older ones.
func (log files) verify(vkey string) (int64, error) {
	tree, err := openCheckpoint(string(log["checkpoint"]), vkey)
	if err != nil {
		return 0, err
	}
	used := map[string]bool{"checkpoint": true}
	stored := make(hashes, 0, tlog.StoredHashCount(tree.N))
	for first := int64(0); first < tree.N; first += 1 << height {
		if err := log.readBundle(tree.N, first, used, &stored); err != nil {
			return 0, err
		}
	}
	root, err := tlog.TreeHash(tree.N, stored)
	if err != nil {
		return 0, err
	}
	if tree.N == 0 {
		// RFC 6962, section 2.1; tlog of some versions returns zeros.
		root = sha256.Sum256(nil)
	}
	if root != tree.Hash {
		return 0, errors.New("the entries are not those signed")
	}
	if err := log.verifyTiles(tree.N, used, stored); err != nil {
		return 0, err
	}
	for name := range log {
		if !used[name] {
			return 0, fmt.Errorf("%s is no file of a log of %d entries", name, tree.N)
		}
	}
	return tree.N, nil
}

// readBundle takes up to 256 entries into the tree.
func (log files) readBundle(size, first int64, used map[string]bool, stored *hashes) error {
	width := min64(1<<height, size-first)
	tile := tlog.Tile{H: height, L: -1, N: first >> height, W: int(width)}
	path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/data/", height), "tile/entries/", 1)
	bundle, found := log[path]
	if !found {
		return fmt.Errorf("%s is missing", path)
	}
	used[path] = true
	for n := first; n < first+width; n++ {
		if len(bundle) < 2 || len(bundle) < 2+int(bundle[0])<<8+int(bundle[1]) {
			return fmt.Errorf("%s ends within entry %d", path, n)
		}
		end := 2 + int(bundle[0])<<8 + int(bundle[1])
		record, known := hashed[string(bundle[2:end])]
		if !known {
			record = tlog.RecordHash(bundle[2:end])
			hashed[string(bundle[2:end])] = record
		}
		more, err := tlog.StoredHashesForRecordHash(n, record, *stored)
		if err != nil {
			return err
		}
		*stored = append(*stored, more...)
		bundle = bundle[end:]
	}
	if len(bundle) > 0 {
		return fmt.Errorf("bytes follow the last entry of %s", path)
	}
	return nil
}

func (log files) verifyTiles(size int64, used map[string]bool, stored hashes) error {
	last := map[[2]int64]tlog.Tile{}
	for _, tile := range tlog.NewTiles(height, 0, size) {
		// Of the widths that a growing tile had, the last.
		last[[2]int64{int64(tile.L), tile.N}] = tile
	}
	for _, tile := range last {
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
		want, err := tlog.ReadTileData(tile, stored)
		if err != nil {
			return err
		}
		if !bytes.Equal(log[path], want) {
			return fmt.Errorf("%s is not what the entries hash to", path)
		}
		used[path] = true
	}
	return nil
}

// hashes are those of the tree, in the order of tlog.StoredHashIndex.
type hashes []tlog.Hash

func (stored hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	all := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index < 0 || index >= int64(len(stored)) {
			return nil, errors.New("a hash past the end of the tree")
		}
		all[i] = stored[index]
	}
	return all, nil
}

// openCheckpoint checks the signature and reads origin, size and root.
func openCheckpoint(text, vkey string) (tlog.Tree, error) {
	if tree, known := opened[vkey+text]; known {
		return tree, nil
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	signed, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		return tlog.Tree{}, errors.New("not a checkpoint of this origin")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return tlog.Tree{}, errors.New("the size is no size")
	}
	root, err := tlog.ParseHash(lines[2])
	tree := tlog.Tree{N: size, Hash: root}
	if err == nil {
		opened[vkey+text] = tree
	}
	return tree, err
}

func verifyProof(text, vkey string) error {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "extra ") || !strings.HasPrefix(lines[2], "index ") {
		return errors.New("not a proof with its entry")
	}
	entry, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return err
	}
	path, checkpoint, err := splitHashes(lines[3:])
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(checkpoint, vkey)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(tlog.RecordProof(path), tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

func verifyConsistency(text, oldText, vkey string) error {
	lines := strings.Split(text, "\n")
	path, checkpoint, err := splitHashes(lines[1:])
	if err != nil {
		return err
	}
	older, err := openCheckpoint(oldText, vkey)
	if err != nil {
		return err
	}
	if lines[0] != fmt.Sprintf("old %d", older.N) {
		return errors.New("the proof is about another size")
	}
	newer, err := openCheckpoint(checkpoint, vkey)
	if err != nil {
		return err
	}
	return tlog.CheckTree(tlog.TreeProof(path), newer.N, newer.Hash, older.N, older.Hash)
}

// witness is a note.Verifier of the signature type that x/mod does not know.
type witness struct {
	name   string
	id     uint32
	public ed25519.PublicKey
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.id }
func (w witness) Verify(message, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(signature), message)
	return ed25519.Verify(w.public, []byte(signed), signature[8:])
}

func verifyCosignature(text, vkey string) error {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return errors.New("not a key")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != 4 {
		return errors.New("not the key of a witness")
	}
	id := sha256.Sum256([]byte(parts[0] + "\n" + string(key)))
	if fmt.Sprintf("%x", id[:4]) != parts[1] {
		return errors.New("the key id is not that of the key")
	}
	verifier := witness{parts[0], binary.BigEndian.Uint32(id[:4]), key[1:]}
	_, err = note.Open([]byte(text), note.VerifierList(verifier))
	return err
}

// splitHashes reads hashes up to an empty line; a checkpoint follows it.
func splitHashes(lines []string) ([]tlog.Hash, string, error) {
	var path []tlog.Hash
	for i, line := range lines {
		if line == "" {
			return path, strings.Join(lines[i+1:], "\n"), nil
		}
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, "", err
		}
		path = append(path, hash)
	}
	return nil, "", errors.New("no checkpoint follows the proof")
}

func max(a, b int) int {
	if a > b {
		return a
	}
	return b
}

func min64(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}
