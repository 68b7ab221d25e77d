//! A real company's history, from the first order to the last customer lost.
