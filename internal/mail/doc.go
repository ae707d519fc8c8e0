// Package mail is the door to an SMTP server (RFC 5321): it words the four e-mails of the billing part and hands each to
// the server, once per call. It keeps no queue and repeats nothing; its errors say whether a later try can help.
//
// A mail has a plain part and an HTML part of the same content (multipart/alternative, RFC 2046). Both come from templates
// that can be overridden file by file.
package mail
