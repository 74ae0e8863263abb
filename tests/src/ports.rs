//! Ports nobody else uses: below the range the kernel hands out, free now, and reserved against other stories by a file.

use std::{
    fs,
    io::Write,
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU16, Ordering},
};

const FIRST: u16 = 20_000;
const COUNT: u16 = 10_000;

/// One reserved loopback port, for TCP and UDP.
#[derive(Debug)]
pub struct Port {
    number: u16,
    reservation: PathBuf,
}

impl Port {
    /// Reserves a port.
    #[must_use]
    pub fn reserve() -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let folder = std::env::temp_dir().join("confrere-test-ports");
        fs::create_dir_all(&folder).expect("the temporary folder is writable");
        let start = u16::try_from(std::process::id() % u32::from(COUNT)).unwrap_or_default();
        for _ in 0..COUNT {
            let step = NEXT.fetch_add(1, Ordering::Relaxed);
            let number = FIRST + (start.wrapping_mul(37).wrapping_add(step)) % COUNT;
            let reservation = folder.join(number.to_string());
            if claim(&reservation) {
                if is_free(number) {
                    return Self { number, reservation };
                }
                let _ = fs::remove_file(&reservation);
            }
        }
        panic!("no free port between {FIRST} and {}", FIRST + COUNT);
    }

    /// `127.0.0.1:number`.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.number))
    }

    /// The number.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.reservation);
    }
}

/// A reservation of a process that is gone counts for nothing.
fn claim(reservation: &Path) -> bool {
    if let Ok(owner) = fs::read_to_string(reservation)
        && !Path::new("/proc").join(owner.trim()).exists()
    {
        let _ = fs::remove_file(reservation);
    }
    let created = fs::OpenOptions::new().write(true).create_new(true).open(reservation);
    created.and_then(|mut file| write!(file, "{}", std::process::id())).is_ok()
}

fn is_free(number: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, number));
    TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok()
}
