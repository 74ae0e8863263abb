//! The binary `confrere`.

/// Gives memory of finished transfers back to the system, which the system's own allocator holds on to.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    node::cli::main()
}
