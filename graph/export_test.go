package graph

// WithoutPatience takes it from loaders: what is not asked for ahead is asked for one by one.
func WithoutPatience() { patience = 0 }
