package recipients

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// Models returns models that cover each choice of values for each set of strength
// options. Two differences in how programs read are enough for most exploits, so 2 is a
// good strength; 3 takes five times as many models. All of them would be 10^10.
//
// The models are the same in every run. The first one is the zero Model.
func Models(strength int) []Model {
	c := newCover(strength)
	rng := rand.New(rand.NewPCG(1, 2))
	models := []Model{{}}
	c.add(&models[0])
	for len(c.left) > 0 {
		var best Model
		gain := 0
		for range 5 {
			m := c.candidate(rng)
			if n := c.gain(&m); n > gain {
				best, gain = m, n
			}
		}
		c.add(&best)
		models = append(models, best)
	}
	return models
}

// A cover knows which choices no model has made yet. A choice is a number whose digits, of
// the base digits, are strength of the pairs of an option and a value.
type cover struct {
	strength int
	pairs    [][2]int
	first    [optionCount]int // the pair of an option and its first value
	isLeft   []bool           // by choice
	left     []int
}

func newCover(strength int) *cover {
	c := &cover{strength: strength}
	for option, o := range options {
		c.first[option] = len(c.pairs)
		for value := range o.values {
			c.pairs = append(c.pairs, [2]int{option, value})
		}
	}
	n := 1
	for range strength {
		n *= len(c.pairs)
	}
	c.isLeft = make([]bool, n)
	for choice := range c.isLeft {
		c.isLeft[choice] = slices.IsSortedFunc(c.digits(choice), func(a, b int) int {
			return cmp.Or(c.pairs[b][0]-c.pairs[a][0], -1) // each option once, the last one first
		})
		if c.isLeft[choice] {
			c.left = append(c.left, choice)
		}
	}
	return c
}

// digits returns the pairs of a choice, the last one first.
func (c *cover) digits(choice int) (pairs []int) {
	for range c.strength {
		pairs = append(pairs, choice%len(c.pairs))
		choice /= len(c.pairs)
	}
	return pairs
}

// each calls f with the choices of a model: those of n options from one on, after the
// digits of choice.
func (c *cover) each(m *Model, from, n, choice int, f func(choice int)) {
	if n == 0 {
		f(choice)
		return
	}
	for option := from; option <= optionCount-n; option++ {
		c.each(m, option+1, n-1, choice*len(c.pairs)+c.first[option]+int(m[option]), f)
	}
}

// gain returns how many of the choices that are left a model makes.
func (c *cover) gain(m *Model) (n int) {
	c.each(m, 0, c.strength, 0, func(choice int) {
		if c.isLeft[choice] {
			n++
		}
	})
	return n
}

func (c *cover) add(m *Model) {
	c.each(m, 0, c.strength, 0, func(choice int) { c.isLeft[choice] = false })
	c.left = slices.DeleteFunc(c.left, func(choice int) bool { return !c.isLeft[choice] })
}

// candidate returns a random model that makes a choice that is left, improved option by
// option.
func (c *cover) candidate(rng *rand.Rand) (m Model) {
	for i := range m {
		m[i] = uint8(rng.IntN(len(options[i].values)))
	}
	for _, p := range c.digits(c.left[rng.IntN(len(c.left))]) {
		m[c.pairs[p][0]] = uint8(c.pairs[p][1])
	}
	for _, option := range rng.Perm(optionCount) {
		most, best := -1, m[option]
		for value := range options[option].values {
			m[option] = uint8(value)
			if n := c.gain(&m); n > most {
				best, most = m[option], n
			}
		}
		m[option] = best
	}
	return m
}
