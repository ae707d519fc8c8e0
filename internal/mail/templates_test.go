package mail_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tollgate/tollgate/internal/mail"
)

// folder makes a folder of templates from names and texts.
func folder(files map[string]string) fstest.MapFS {
	tree := fstest.MapFS{}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return tree
}

func TestTemplatesReplaceThoseOfTheirName(t *testing.T) {
	t.Parallel()
	var office postOffice
	dir := t.TempDir()
	for name, text := range map[string]string{
		"receipt.txt": `{{define "subject"}}Danke, {{.Name}}{{end}}{{define "content"}}Bezahlt: {{.Amount}}{{end}}`,
		"layout.html": `<html lang="de"><title>{{.Subject}}</title><body>{{template "content" .}}<hr>{{.Support}}</body></html>`,
		"README.md":   "no template",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := mail.New(mail.Options{
		URL: "smtp+insecure://" + office.open(t, nil, false), From: "billing@example.com", Product: "Example",
		SupportURL: "mailto:help@example.com", Templates: os.DirFS(dir),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), messages()[0]); err != nil {
		t.Fatal(err)
	}
	header, parts := open(t, office.only(t).data)
	if got, want := header.Get("Subject"), "Danke, Ada Lovelace"; got != want {
		t.Errorf("the subject is %q, want %q", got, want)
	}
	if got, want := parts[0].text, "Hello Ada Lovelace,\n\nBezahlt: $7.99\n\nQuestions? help@example.com\n\nExample\n"; got != want {
		t.Errorf("the plain part is %q, want %q: the content of the override in the built-in layout", got, want)
	}
	for _, want := range []string{
		`<html lang="de"><title>Danke, Ada Lovelace</title>`, "Thank you for your payment", "<hr>help@example.com",
	} {
		if !strings.Contains(parts[1].text, want) {
			t.Errorf("the HTML part misses %q: the built-in content in the layout of the override:\n%s", want, parts[1].text)
		}
	}
	subject, _, _, err := s.Render(messages()[3])
	if err != nil || subject != "Your Example subscription is cancelled" {
		t.Errorf("Render: %q, %v: a kind that nobody replaced changed", subject, err)
	}
}

func TestTheTemplateInTheDocumentationWorks(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/email.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "\n```\n")
	source, _, found := strings.Cut(rest, "\n```\n")
	if !found {
		t.Fatal("docs/email.md has no template")
	}
	s, err := mail.New(mail.Options{Product: "Example", Templates: folder(map[string]string{"receipt.txt": source})})
	if err != nil {
		t.Fatal(err)
	}
	subject, text, _, err := s.Render(messages()[0])
	if err != nil {
		t.Fatal(err)
	}
	if subject != "Ihre Quittung von Example: $7.99" || !strings.Contains(text, "ist am 31.3.2026 eingegangen.\n\nZur Quittung: https://") {
		t.Errorf("it renders as %q:\n%s", subject, text)
	}
}

// closed is a folder that cannot be read.
type closed struct{ fs.FS }

func (closed) Open(string) (fs.File, error) { return nil, errors.New("closed") }

func TestTemplatesThatAreRefused(t *testing.T) {
	t.Parallel()
	const subject, content = `{{define "subject"}}s{{end}}`, `{{define "content"}}{{.Link}}{{end}}`
	for _, tt := range []struct {
		name string
		tree fs.FS
		want []string
	}{
		{"a name nothing has", folder(map[string]string{"reciept.txt": subject + content}), []string{"reciept.txt replaces nothing", "receipt.txt"}},
		{"no subject", folder(map[string]string{"receipt.txt": content}), []string{"receipt.txt", `"subject"`, "define"}},
		{"no plain content", folder(map[string]string{"receipt.txt": subject}), []string{"receipt.txt", `"content"`}},
		{"no HTML content", folder(map[string]string{"cancelled.html": "<p>bye</p>"}), []string{"cancelled.html", `"content"`}},
		{"an empty file", folder(map[string]string{"trial_ending.html": ""}), []string{"trial_ending.html", `"content"`}},
		{"an empty subject", folder(map[string]string{"receipt.txt": `{{define "subject"}} {{end}}` + content}), []string{"receipt.txt", "subject is empty"}},
		{"an empty subject for some", folder(map[string]string{"receipt.txt": `{{define "subject"}}{{.Plan}}{{end}}` + content}), []string{"receipt.txt", "subject is empty"}},
		{"a subject of two lines", folder(map[string]string{"receipt.txt": "{{define \"subject\"}}a\nb{{end}}" + content}), []string{"Subject must be one line"}},
		{"empty plain content", folder(map[string]string{"receipt.txt": subject + `{{define "content"}} {{end}}`}), []string{"receipt.txt", "content is empty"}},
		{"empty HTML content", folder(map[string]string{"receipt.html": `{{define "content"}} {{end}}`}), []string{"receipt.html", "content is empty"}},
		{"a missing style", folder(map[string]string{"parts.html": `{{define "greeting"}}Hi{{end}}`}), []string{"parts.html", `"heading"`}},
		{"a plain layout without content", folder(map[string]string{"layout.txt": "Hello {{.Name}} {{.Link}}"}), []string{"layout.txt shows no content"}},
		{"an HTML layout without content", folder(map[string]string{"layout.html": "<p>{{.Link}}</p>"}), []string{"layout.html shows no content"}},
		{"a failed payment without its link, plain", folder(map[string]string{"payment_failed.txt": subject + `{{define "content"}}no{{end}}`}), []string{"payment_failed.txt misses {{.Link}}"}},
		{"a failed payment without its link, HTML", folder(map[string]string{"payment_failed.html": `{{define "content"}}no{{end}}`}), []string{"payment_failed.html misses {{.Link}}"}},
		{"a field that is misspelt", folder(map[string]string{"receipt.html": `{{define "content"}}{{.Amonut}}{{end}}`}), []string{"receipt.html", "Amonut"}},
		{"a field that is misspelt, where only some mails come", folder(map[string]string{"receipt.txt": subject + `{{define "content"}}a{{if not .Plan}}{{.Paln}}{{end}}{{end}}`}), []string{"receipt.txt", "Paln"}},
		{"a field that is misspelt, where a trial has no price", folder(map[string]string{"trial_ending.txt": subject + `{{define "content"}}a{{if not .Amount}}{{.Paln}}{{end}}{{end}}`}), []string{"trial_ending.txt", "Paln"}},
		{"a function that is not there", folder(map[string]string{"receipt.txt": subject + `{{define "content"}}{{day .Date}}{{end}}`}), []string{"receipt.txt", "day"}},
		{"braces that do not close", folder(map[string]string{"receipt.txt": subject + `{{define "content"}}{{.Amount{{end}}`}), []string{"receipt.txt"}},
		{"HTML that cannot be escaped", folder(map[string]string{"receipt.html": `{{define "content"}}<a href="{{if .Plan}}x{{else}}"{{end}}>{{end}}`}), []string{"receipt.html"}},
		{"a part too long to be shown whole", folder(map[string]string{"receipt.html": `{{define "content"}}` + strings.Repeat("x", 100_000) + `{{end}}`}), []string{"longer than 100000 bytes"}},
		{"a folder that is not there", os.DirFS(filepath.Join(t.TempDir(), "none")), []string{"Templates cannot be listed"}},
		{"a folder that cannot be read", closed{}, []string{"Templates cannot be listed", "closed"}},
		{"a folder in the place of a file", fstest.MapFS{"receipt.txt/x": {}}, []string{"receipt.txt"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := mail.New(mail.Options{Product: "Example", Templates: tt.tree})
			if err == nil {
				t.Fatal("New accepts it")
			}
			for _, want := range append(tt.want, "mail: Templates") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("New: %v, want %q in it", err, want)
				}
			}
		})
	}
}
