//go:build !purego

package picohttp

var kernels = []kernel{
	{"sse42", &useSSE42, indexSSE42},
	{"generic", nil, indexGeneric},
}
