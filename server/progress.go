package main

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows on a terminal how far a long command is. Where stderr is not one, it shows nothing.
type progress struct{ bar *progressbar.ProgressBar }

const (
	repaint  = 100 * time.Millisecond
	barWidth = 30
	spinner  = 14
)

// showProgress begins to show what is done of so much; of -1 where nobody knows how much it will be.
func showProgress(stderr io.Writer, what string, total int64, options ...progressbar.Option) progress {
	file, isFile := stderr.(*os.File)
	if !isFile || !term.IsTerminal(int(file.Fd())) {
		return progress{}
	}
	return progress{progressbar.NewOptions64(total, append([]progressbar.Option{
		progressbar.OptionSetWriter(stderr), progressbar.OptionSetDescription(what), progressbar.OptionThrottle(repaint),
		progressbar.OptionSetWidth(barWidth), progressbar.OptionSpinnerType(spinner), progressbar.OptionClearOnFinish(),
	}, options...)...)}
}

// at tells how much is done by now.
func (p progress) at(done int64) {
	if p.bar != nil {
		_ = p.bar.Set64(done)
	}
}

// done clears the line for what is said next.
func (p progress) done() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
