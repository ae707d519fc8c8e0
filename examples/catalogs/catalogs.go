// Package catalogs holds catalogs to start from, ready to publish: chat.yaml, credits.yaml, exports.yaml
// and console.yaml. The program embeds them.
package catalogs

import "embed"

// FS holds the files, each under its name.
//
//go:embed *.yaml
var FS embed.FS
