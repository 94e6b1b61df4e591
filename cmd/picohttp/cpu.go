package main

import (
	"runtime"

	"github.com/klauspost/cpuid/v2"
)

// kernelFeatures are what kernels may require, by GOARCH.
var kernelFeatures = map[string][]cpuid.FeatureID{
	"amd64": {
		cpuid.SSSE3, cpuid.SSE42, cpuid.POPCNT, cpuid.AVX2, cpuid.BMI1, cpuid.BMI2, cpuid.AVX512F,
		cpuid.AVX512BW, cpuid.AVX512VL, cpuid.AVX512VBMI, cpuid.AVX512VBMI2,
	},
	"arm64": {cpuid.ASIMD},
}

// thisCPU asks the CPU itself, so GODEBUG changes nothing here.
func thisCPU() cpu {
	c := cpu{Name: cpuid.CPU.BrandName, Features: []string{}, Missing: []string{}}
	for _, id := range kernelFeatures[runtime.GOARCH] {
		if cpuid.CPU.Supports(id) {
			c.Features = append(c.Features, id.String())
		} else {
			c.Missing = append(c.Missing, id.String())
		}
	}
	return c
}
