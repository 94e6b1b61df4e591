package recipients

import (
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
	for c.left > 0 {
		var best Model
		gain := 0
		for range 5 {
			m := c.candidate(rng)
			if n := c.gain(&m, c.all); n > gain {
				best, gain = m, n
			}
		}
		c.add(&best)
		models = append(models, best)
	}
	return models
}

// A cover knows which choices no model has made yet.
type cover struct {
	sets [][]int  // of options
	open [][]bool // of each set, the choices that are left
	left int

	all []int              // the indexes of all sets
	of  [optionCount][]int // those of the sets that an option is in
}

func newCover(strength int) *cover {
	c := new(cover)
	c.addSets(nil, 0, strength)
	return c
}

func (c *cover) addSets(set []int, from, strength int) {
	if strength == 0 {
		choices := 1
		for _, option := range set {
			choices *= len(options[option].values)
		}
		open := make([]bool, choices)
		for i := range open {
			open[i] = true
		}
		for _, option := range set {
			c.of[option] = append(c.of[option], len(c.sets))
		}
		c.all = append(c.all, len(c.sets))
		c.sets, c.open, c.left = append(c.sets, slices.Clone(set)), append(c.open, open), c.left+choices
		return
	}
	for option := from; option < optionCount; option++ {
		c.addSets(append(set, option), option+1, strength-1)
	}
}

// choice numbers what the model has for a set of options.
func choice(m *Model, set []int) (n int) {
	for _, option := range set {
		n = n*len(options[option].values) + int(m[option])
	}
	return n
}

// gain returns how many choices the model would take from those that are left of some
// sets.
func (c *cover) gain(m *Model, sets []int) (n int) {
	for _, i := range sets {
		if c.open[i][choice(m, c.sets[i])] {
			n++
		}
	}
	return n
}

func (c *cover) add(m *Model) {
	for i, set := range c.sets {
		if at := choice(m, set); c.open[i][at] {
			c.open[i][at] = false
			c.left--
		}
	}
}

// candidate returns a random model that makes a choice that is left, improved option by
// option.
func (c *cover) candidate(rng *rand.Rand) (m Model) {
	for i := range m {
		m[i] = uint8(rng.IntN(len(options[i].values)))
	}
	c.choose(&m, rng)
	for _, option := range rng.Perm(optionCount) {
		most := 0
		best := m[option]
		for value := range uint8(len(options[option].values)) {
			m[option] = value
			if n := c.gain(&m, c.of[option]); n > most {
				best, most = value, n
			}
		}
		m[option] = best
	}
	return m
}

// choose makes m have one of the choices that are left.
func (c *cover) choose(m *Model, rng *rand.Rand) {
	at := rng.IntN(c.left)
	for i, set := range c.sets {
		for n, isOpen := range c.open[i] {
			if !isOpen {
				continue
			}
			if at--; at >= 0 {
				continue
			}
			for k := len(set) - 1; k >= 0; k-- {
				values := len(options[set[k]].values)
				m[set[k]] = uint8(n % values)
				n /= values
			}
			return
		}
	}
}
