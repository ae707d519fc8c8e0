package mail

import "crypto/x509"

// Trust has the sender accept certificates of these roots alone, in place of the system's.
func (s *Sender) Trust(roots *x509.CertPool) { s.roots = roots }
