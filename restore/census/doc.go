// Package census tells the loss of a whole ensemble from a server whose disk is gone and that is merely the first to start.
//
// Without a quorum there is nobody to ask, so each starting server says through the archive what it holds: nothing, or data up to a
// zxid that the archive has too. Only when every voter of the configuration has said so lately, all by the same configuration, and a
// majority of them holds nothing, is what that majority acknowledged gone from everywhere but the archive; then all restore the same
// point, its tip.
//
// Decide is a pure function of the entries. Station puts and reads them.
package census
