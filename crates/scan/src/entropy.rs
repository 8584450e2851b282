//! How mixed a text is.

/// Shannon entropy in bits per byte: 0 for one byte repeated, 8 at most.
pub(crate) fn bits_per_byte(text: &[u8]) -> f32 {
    let mut counts = [0u32; 256];
    for &b in text {
        if let Some(n) = counts.get_mut(usize::from(b)) {
            *n += 1;
        }
    }
    let total = text.len() as f32;
    counts
        .iter()
        .filter(|&&n| n > 0)
        .map(|&n| n as f32 / total)
        .map(|p| -p * p.log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert_eq!(bits_per_byte(b""), 0.0);
        assert_eq!(bits_per_byte(b"aaaa"), 0.0);
        assert!((bits_per_byte(b"abab") - 1.0).abs() < 1e-6);
        let all: Vec<u8> = (0..=255).collect();
        assert!((bits_per_byte(&all) - 8.0).abs() < 1e-4);
    }
}
