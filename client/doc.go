// Package client speaks to a Tollgate server from Go. A Client has the methods of tollgate.Engine, with the same
// arguments, answers and faults, so that a program can move from the library to a server, or back, by one line.
//
// Every call may be sent several times: what is lost on the way is sent again under the same transactionId, and counts
// once. A fault of code unavailable says that nothing is confirmed, after all tries.
package client
