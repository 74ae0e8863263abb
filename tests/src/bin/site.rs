//! The node itself, built as a program of this crate so that the stories always run the node of this checkout.

fn main() -> std::process::ExitCode {
    node::cli::main()
}
