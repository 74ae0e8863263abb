//! A C-FIND SCU that keeps its association, as small as the standard allows (PS3.8 §9.3, PS3.7 §9.3.2): so that the
//! server's time is measured and not a process's start.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};
use tests::tools::scu::{command, element, p_data, proposal};

const FIND: &str = "1.2.840.10008.5.1.4.1.2.2.1";

pub(crate) struct Finder {
    stream: TcpStream,
    message: u16,
}

impl Finder {
    pub(crate) fn open(to: SocketAddr, called: &str) -> Self {
        let stream = TcpStream::connect(to).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut finder = Self { stream, message: 0 };
        finder.stream.write_all(&proposal(called, "WORKSTATION", FIND)).unwrap();
        assert_eq!(finder.pdu().0, 2, "the association is accepted");
        finder
    }

    fn pdu(&mut self) -> (u8, Vec<u8>) {
        let mut head = [0; 6];
        self.stream.read_exact(&mut head).unwrap();
        let length = u32::from_be_bytes([head[2], head[3], head[4], head[5]]) as usize;
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        (head[0], body)
    }

    /// Asks at study level; gives the number of answers. Keys are (group, element, value), in ascending order.
    pub(crate) fn find(&mut self, keys: &[(u16, u16, &str)]) -> usize {
        self.message += 1;
        let request = command(&[
            element(0, 2, FIND.as_bytes()),
            element(0, 0x100, &0x20u16.to_le_bytes()),
            element(0, 0x110, &self.message.to_le_bytes()),
            element(0, 0x700, &0u16.to_le_bytes()),
            element(0, 0x800, &1u16.to_le_bytes()),
        ]);
        let identifier: Vec<u8> = keys.iter().flat_map(|(g, e, value)| element(*g, *e, value.as_bytes())).collect();
        let request = [request, p_data(false, &identifier)].concat();
        self.stream.write_all(&request).unwrap();
        let mut found = 0;
        loop {
            let (kind, body) = self.pdu();
            assert_eq!(kind, 4, "an answer");
            let mut rest = &body[..];
            while rest.len() >= 6 {
                let length = u32::from_be_bytes([rest[0], rest[1], rest[2], rest[3]]) as usize;
                let (control, value) = (rest[5], &rest[6..4 + length]);
                rest = &rest[4 + length..];
                if control & 1 == 1 {
                    match status(value) {
                        0xff00 | 0xff01 => found += 1,
                        0 => return found,
                        other => panic!("status {other:04x}"),
                    }
                }
            }
        }
    }
}

fn status(command: &[u8]) -> u16 {
    let mut rest = command;
    while rest.len() >= 8 {
        let length = u32::from_le_bytes([rest[4], rest[5], rest[6], rest[7]]) as usize;
        if rest[..4] == [0, 0, 0, 9] {
            return u16::from_le_bytes([rest[8], rest[9]]);
        }
        rest = &rest[8 + length..];
    }
    panic!("a response has a status")
}
