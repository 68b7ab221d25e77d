//! Compiles the crate anew when a migration is added: the macro that embeds them notices only changed ones.

#[expect(clippy::print_stdout, reason = "how a build script talks to cargo")]
fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
