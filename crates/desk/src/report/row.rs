//! Tables for spreadsheets (RFC 4180).
//!
//! A cell that a spreadsheet would take for a formula gets an apostrophe before
//! it, as spreadsheets themselves mark text: what somebody wrote into a reason
//! must not run on an administrator's machine (bar W-05).

/// Characters with which a formula begins, or which are left out before one.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A text that is shown as it is and never run.
pub fn guarded(text: &str) -> String {
    if text.starts_with(FORMULA) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// Appends a row, ended with CR LF.
pub fn push_row<'a>(out: &mut String, cells: impl IntoIterator<Item = &'a str>) {
    for (i, cell) in cells.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        let cell = guarded(cell);
        if cell.contains(['"', ',', '\n', '\r']) {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(&cell);
        }
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_text() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(guarded(formula), format!("'{formula}"));
        }
        assert_eq!(guarded("1 = 1"), "1 = 1");
    }

    #[test]
    fn what_would_break_a_row_is_quoted() {
        let mut out = String::new();
        push_row(&mut out, ["a", "b,c", "say \"no\"", "=2\n3", ""]);
        assert_eq!(out, "a,\"b,c\",\"say \"\"no\"\"\",\"'=2\n3\",\r\n");
    }
}
