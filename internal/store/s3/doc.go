// Package s3 keeps a bucket in Amazon S3, or in a store that speaks its protocol (MinIO, Ceph, versitygw): s3://bucket/prefix.
//
// Who asks is found as the AWS tools do: the environment, the shared configuration, a web identity (IRSA), the instance's role.
//
// Put creates with If-None-Match, so one of many writers wins. A body of one part is read and proven before the first
// byte is sent; a larger one is sent in parts, each read into memory and sent with its SHA-256, and completed, which is what
// publishes, only when the whole was what it says. After any error the parts are aborted. A store that does not know
// If-None-Match would overwrite; no such store will do.
//
// What may heal is tried again after pauses that grow at random. A connection on which nothing moves for Options.Patience is
// given up. An attempt that is repeated because its response was lost finds the key taken, and is ErrExists.
package s3
