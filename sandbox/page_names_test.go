package sandbox_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

func TestEveryColumnOfThePagesHasAName(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("page/*.html")
	if err != nil || len(pages) == 0 {
		t.Fatalf("the pages are %v, %v", pages, err)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if found := regexp.MustCompile(`<th[^>]*>\s*</th>`).Find(text); found != nil {
			t.Errorf("%s has a column without a name: %s", page, found)
		}
	}
}
