//! What `confrere doctor` finds in the kernel: buffers for UDP, and the congestion control that tunnels over TCP ask for.
//!
//! # Not here
//! What the node does without them: it works, slower over far links, and warns in its log when it starts.

use super::{
    doctor::{Findings, Mark},
    text,
};
use socket2::{Domain, Protocol, Socket, Type};

/// Buffers at which QUIC does not lose packets in bursts, bytes.
const UDP_BUFFER_MIN: usize = 7_500_000;
/// What a process that is not root may choose.
const ALLOWED: &str = "/proc/sys/net/ipv4/tcp_allowed_congestion_control";

/// Looks at both; `has_tcp`: whether tunnels over TCP are made. Where the kernel does not tell, nothing is said.
pub(super) fn look(has_tcp: bool, findings: &mut Findings) {
    if let Ok(granted) = granted(UDP_BUFFER_MIN) {
        buffers(granted, findings);
    }
    if has_tcp && let Ok(allowed) = std::fs::read_to_string(ALLOWED) {
        bbr(names_bbr(&allowed), findings);
    }
}

/// Bytes to receive and to send that a socket which asks for so many is given.
fn granted(wanted: usize) -> std::io::Result<(usize, usize)> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_recv_buffer_size(wanted)?;
    socket.set_send_buffer_size(wanted)?;
    // Linux reports twice what is usable.
    Ok((socket.recv_buffer_size()? / 2, socket.send_buffer_size()? / 2))
}

fn buffers((receive, send): (usize, usize), findings: &mut Findings) {
    let advice = word!(
        "Images come faster over a fast line with:\n      \
                  sysctl -w net.core.rmem_max=7500000 net.core.wmem_max=7500000   (and in /etc/sysctl.d)"
            | "Sur une ligne rapide, les images viennent plus vite avec :\n      \
                  sysctl -w net.core.rmem_max=7500000 net.core.wmem_max=7500000   (et dans /etc/sysctl.d)"
    );
    let (is_enough, receive, send) =
        (receive.min(send) >= UDP_BUFFER_MIN, text::size(receive as u64), text::size(send as u64));
    let what = told!(
        "UDP buffers: up to {receive} to receive, {send} to send"
            | "tampons UDP : jusqu'à {receive} en réception, {send} en émission"
    );
    findings.expect(is_enough, Mark::Look, &what, advice);
}

fn bbr(is_allowed: bool, findings: &mut Findings) {
    let what = if is_allowed {
        word!("TCP: BBR may be chosen" | "TCP : BBR peut être choisi")
    } else {
        word!("TCP: BBR may not be chosen" | "TCP : BBR ne peut pas être choisi")
    };
    let advice = word!(
        "Where a firewall lets only TCP through, images come faster over lossy lines with:\n      \
                  modprobe tcp_bbr   (and a line tcp_bbr in /etc/modules-load.d/bbr.conf)\n      \
                  sysctl -w net.ipv4.tcp_allowed_congestion_control=\"reno cubic bbr\"   (and in /etc/sysctl.d)"
            | "Là où un pare-feu ne laisse passer que TCP, les images viennent plus vite sur une ligne à pertes avec :\n      \
                  modprobe tcp_bbr   (et une ligne tcp_bbr dans /etc/modules-load.d/bbr.conf)\n      \
                  sysctl -w net.ipv4.tcp_allowed_congestion_control=\"reno cubic bbr\"   (et dans /etc/sysctl.d)"
    );
    findings.expect(is_allowed, Mark::Look, what, advice);
}

/// Whether the kernel's list of laws has BBR among them.
fn names_bbr(allowed: &str) -> bool {
    allowed.split_whitespace().any(|law| law == "bbr")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bbr_is_found_by_its_whole_name() {
        assert!(names_bbr("reno cubic bbr\n") && names_bbr("bbr"));
        assert!(!names_bbr("reno cubic\n") && !names_bbr("reno bbr2") && !names_bbr(""));
    }

    #[test]
    fn a_socket_is_given_what_it_asks_for_or_what_the_kernel_has() {
        // Any Linux gives this much; nobody is given more than was asked for.
        assert_eq!(granted(16_384).unwrap(), (16_384, 16_384));
        let (receive, send) = granted(UDP_BUFFER_MIN).unwrap();
        assert!(receive >= 16_384 && send >= 16_384 && receive.max(send) <= UDP_BUFFER_MIN, "{receive} {send}");
    }
}
