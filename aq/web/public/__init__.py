"""Pages, frames and pictures for everybody: made of the drawings, whole without a script."""
