//go:build (!amd64 && !arm64) || purego

package picohttp

var kernels = []kernel{{"generic", nil, indexGeneric}}
