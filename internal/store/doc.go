// Package store is the narrow port through which zkark sees a bucket, and the errors every driver speaks.
//
// An object is written once: Put creates or fails with ErrExists. When Put returns an error, the object either
// does not exist or is whole. A reader therefore never meets half an object, whatever broke.
//
// The drivers are in packages of their own (file, and mem for tests); only the command line knows them all.
// Drivers refuse the keys that CheckKey refuses, with ErrInvalid. storetest is the conformance suite that each must pass.
package store
