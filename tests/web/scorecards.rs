//! Scorecards: the scoreboard, my month, and what each role sees of them.
