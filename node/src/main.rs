//! The binary `confrere`.

fn main() -> std::process::ExitCode {
    node::cli::main()
}
