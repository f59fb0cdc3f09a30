// Package file keeps a bucket in a directory: file:///path.
//
// An object is written to a hidden directory below the root, made durable, and linked under its name with link(2), which
// fails when the name is taken. So an object is there whole or not at all, on a local file system and on NFS, and of
// several writers one wins. Keys whose parts begin with '.' do not exist, so the hidden directory never shows.
//
// A key cannot be an object and a directory at once: with an object a, a/b cannot be created.
package file
