//! Puts the two web interfaces into the binary, with a compressed copy of each file that shrinks. Without
//! a build of an interface its table is empty, and the server says so.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::fmt::Write as _;
use std::io::{Result, Write as _};
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("..");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let mut table = String::new();
    for (name, folder) in [("ADMIN", "admin-ui"), ("PUBLIC", "public-ui")] {
        let dist = root.join(folder).join("dist");
        // A folder that is not there yet counts as changed each time, so that the first build of the
        // interface is noticed.
        println!("cargo:rerun-if-changed={}", dist.display());
        let mut files = Vec::new();
        if dist.is_dir() {
            walk(&dist, &dist, &mut files)?;
        }
        files.sort();
        let copies = out.join(folder);
        fs::create_dir_all(&copies)?;
        writeln!(table, "static {name}: &[File] = &[").map_err(std::io::Error::other)?;
        for (index, path) in files.iter().enumerate() {
            let bytes = fs::read(dist.join(path))?;
            fs::write(copies.join(index.to_string()), &bytes)?;
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(&bytes)?;
            let compressed = encoder.finish()?;
            let gzip = if compressed.len() < bytes.len() * 9 / 10 {
                fs::write(copies.join(format!("{index}.gz")), &compressed)?;
                format!("Some(include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{folder}/{index}.gz\")))")
            } else {
                "None".to_owned()
            };
            writeln!(
                table,
                "    File {{ path: {path:?}, bytes: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{folder}/{index}\")), gzip: {gzip} }},"
            )
            .map_err(std::io::Error::other)?;
        }
        table.push_str("];\n");
    }
    println!("cargo:rerun-if-changed=build.rs");
    fs::write(out.join("interfaces.rs"), table)
}

fn walk(top: &Path, folder: &Path, files: &mut Vec<String>) -> Result<()> {
    println!("cargo:rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(top, &path, files)?;
        } else if let Some(relative) = path.strip_prefix(top).ok().and_then(Path::to_str) {
            files.push(relative.replace('\\', "/"));
        }
    }
    Ok(())
}
