//go:build !purego

package picohttp

var kernels = []kernel{
	{"avx512", &useAVX512, indexAVX512},
	{"avx2", &useAVX2, indexAVX2},
	{"sse42", &useSSE42, indexSSE42},
	{"generic", nil, indexGeneric},
}
