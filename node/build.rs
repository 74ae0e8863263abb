//! Embeds the portal that `npm run build` made, if it was made. Never calls npm.
fn main() {
    // Files added after the first build must be seen; the folder itself is committed with its .gitignore.
    println!("cargo:rerun-if-changed=../web/dist");
}
