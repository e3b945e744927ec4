// SPDX-License-Identifier: Apache-2.0

// Command verify checks corridor's audit files with the Go project's own
// code for transparency logs (golang.org/x/mod/sumdb/note and sumdb/tlog)
// and none of corridor's: docs/protocol.md, "Audit files".
//
//	verify export DIR [COSIGNER]...           every log of an export; keys of
//	                                          witnesses from outside
//	verify proof FILE LEAF VKEY [COSIGNER]... an entry's place; LEAF may be
//	                                          "-": the proof's extra data
//	verify consistency LOG OLD VKEY           an older checkpoint of the log
//	verify fork FILE VKEY [COSIGNER]...       evidence of a fork
//
// It prints a line for each thing that holds. The exit status is 0 if all
// does, 1 with a line that begins with "REFUSED" if something does not, and
// 2 if it could not be looked at.
package main

import (
	"fmt"
	"os"
	"strings"
)

const usage = `usage: verify export DIR [COSIGNER]...
       verify proof FILE LEAF|- VKEY [COSIGNER]...
       verify consistency LOG OLD-CHECKPOINT VKEY
       verify fork FILE VKEY [COSIGNER]...
A key is a verifier key or the name of a file that holds one.
`

// refusal is what does not hold, as opposed to what cannot be read.
type refusal struct{ text string }

func (r refusal) Error() string { return r.text }

func refuse(format string, args ...interface{}) error {
	return refusal{fmt.Sprintf(format, args...)}
}

func run(args []string) error {
	switch {
	case len(args) >= 2 && args[0] == "export":
		return verifyExport(args[1], args[2:])
	case len(args) >= 4 && args[0] == "proof":
		return verifyProof(args[1], args[2], args[3], args[4:])
	case len(args) == 4 && args[0] == "consistency":
		return verifyConsistency(args[1], args[2], args[3])
	case len(args) >= 3 && args[0] == "fork":
		return verifyFork(args[1], args[2], args[3:])
	}
	return fmt.Errorf("%s", usage)
}

func main() {
	err := run(os.Args[1:])
	if err == nil {
		return
	}
	if r, ok := err.(refusal); ok {
		fmt.Println("REFUSED: " + r.text)
		os.Exit(1)
	}
	fmt.Fprintln(os.Stderr, strings.TrimSuffix(err.Error(), "\n"))
	os.Exit(2)
}
