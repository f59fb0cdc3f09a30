// Package gcs keeps a bucket in Google Cloud Storage: gs://bucket/prefix. It speaks the JSON API over HTTP/1.1.
//
// Who asks is found by Application Default Credentials: GOOGLE_APPLICATION_CREDENTIALS, gcloud's own, or the metadata server
// (workload identity, a VM's service account). With STORAGE_EMULATOR_HOST in the environment everything goes to that
// emulator, without credentials.
//
// Put creates with the precondition that there is no generation, so one of many writers wins, and an attempt that is repeated
// because its response was lost is ErrExists. The body is read twice: once to prove that it is what it says and to learn its
// CRC32C, and once to send it. The checksum is declared before the first byte, so the store refuses an upload that
// breaks off; besides, the client's writer is closed, which is what publishes, only after the last byte was sent and proven
// again. On any error its context is cancelled instead. A chunked upload that was given up is forgotten by the store after a
// week, and nobody sees or pays for it.
//
// What may heal is tried again, after pauses that grow at random, until nothing moved for Options.Patience. A connection on
// which nothing moves for as long is given up.
package gcs
