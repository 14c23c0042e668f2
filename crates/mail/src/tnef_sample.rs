//! Writes `winmail.dat` files for tests, as Outlook would.

/// One that is being written.
#[derive(Debug, Clone)]
pub(crate) struct Sample(Vec<u8>);

impl Sample {
    pub(crate) fn new() -> Sample {
        Sample(vec![0x78, 0x9f, 0x3e, 0x22, 1, 0])
    }

    pub(crate) fn with(mut self, id: u32, data: &[u8]) -> Sample {
        attribute(&mut self.0, id, data);
        self
    }

    pub(crate) fn file(self, name: &str, bytes: &[u8]) -> Sample {
        let title = format!("{name}\0");
        self.with(
            0x0006_9002,
            &[1, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0],
        )
        .with(0x0001_8010, title.as_bytes())
        .with(0x0006_800F, bytes)
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Level, number, length, data, sum.
pub(crate) fn attribute(out: &mut Vec<u8>, id: u32, data: &[u8]) {
    out.push(1);
    out.extend_from_slice(&id.to_le_bytes());
    out.extend_from_slice(&u32::try_from(data.len()).unwrap().to_le_bytes());
    out.extend_from_slice(data);
    let sum = data
        .iter()
        .fold(0_u16, |sum, &b| sum.wrapping_add(u16::from(b)));
    out.extend_from_slice(&sum.to_le_bytes());
}

/// A block of properties.
pub(crate) fn properties(all: &[Vec<u8>]) -> Vec<u8> {
    let mut out = u32::try_from(all.len()).unwrap().to_le_bytes().to_vec();
    out.extend(all.iter().flatten());
    out
}

/// A property with text in UTF-16.
pub(crate) fn text_property(id: u16, text: &str) -> Vec<u8> {
    let wide: Vec<u8> = text
        .encode_utf16()
        .chain([0])
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut out = vec![0x1f, 0];
    out.extend_from_slice(&id.to_le_bytes());
    out.extend_from_slice(&1_u32.to_le_bytes());
    out.extend_from_slice(&u32::try_from(wide.len()).unwrap().to_le_bytes());
    out.extend_from_slice(&wide);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}
