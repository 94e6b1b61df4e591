//go:build !purego

package picohttp

var kernels = []kernel{
	{"neon", &useNEON, indexNEON},
	{"generic", nil, indexGeneric},
}
