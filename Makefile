# Everything that people and CI do. All of it is safe to run again.
export SQLX_OFFLINE = true

.PHONY: run test check deny look fields fault fuzz attack bench prepare fmt

# A demo company on http://127.0.0.1:8080, on a private PostgreSQL.
run:
	scripts/install run
	cargo run -- demo

# All tests, also in a browser.
test:
	scripts/install test
	cargo test

# What CI runs.
check:
	scripts/install test
	cargo fmt --check
	scripts/sqlx-prepare --check
	$(MAKE) test
	# There are no examples: asked for them, cargo takes the features that the tests have, and has checked all before.
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items --lib --examples
	scripts/deny

# Licences, sources and known vulnerabilities of the dependencies, with the cargo-deny that it takes. The first time takes
# minutes; make check does the same where there is one.
deny:
	scripts/deny install

# Every page of the demo company in a browser: barriers, width, console. Takes minutes.
look:
	scripts/install test
	cargo test --test browser -- --ignored every_page

# All that nobody expects in every field of every form; the tests try a few values of it each. Takes minutes.
fields:
	scripts/install run
	FIELDS=all cargo test --test web -- bad_input::every_field

# What docs/reliability.md lists: all faults, the long ones too, under a larger load. Takes some ten minutes.
fault:
	scripts/install run
	FAULT_LOAD=3 cargo test --test fault -- --include-ignored --nocapture

# A million cases each of damaged plans, facts, no forms and files to import; the tests try a few hundred. Optimized, or it would take hours.
fuzz:
	scripts/install run
	PROPTEST_CASES=$${PROPTEST_CASES:-1000000} cargo test --profile fuzz --test commission mutated
	PROPTEST_CASES=$${PROPTEST_CASES:-1000000} cargo test --profile fuzz --lib imports::mutated

# sqlmap and wapiti against a demo company; it says how to get them. Takes some twenty minutes: docs/security.md.
attack:
	scripts/install run
	scripts/attack

# What docs/performance.md measures: paying and explaining deals, an import of a million of them, runs, and pages. Takes
# long.
bench:
	scripts/install run
	cargo bench --bench engine
	scripts/bench-import
	scripts/bench-runs
	scripts/bench-pages

# After a change of SQL: checks the queries on a throw-away PostgreSQL and writes .sqlx/.
prepare:
	scripts/install run
	scripts/sqlx-prepare

fmt:
	cargo fmt
