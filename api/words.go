package api

import "github.com/danielgtaylor/huma/v2"

const introduction = "intro"

func describe(r huma.Registry) {
}
