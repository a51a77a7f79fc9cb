//! The proof of work of the handshake: making and factoring pq (C10–C12).

use rand_core::CryptoRng;

/// Two different primes p < q with their product; each prime takes exactly four bytes and the
/// product is a positive `long` (C10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pq {
    /// The smaller prime.
    pub p: u32,
    /// The larger prime.
    pub q: u32,
}

impl Pq {
    /// The product as the eight bytes on the wire.
    pub fn product_bytes(self) -> [u8; 8] {
        (u64::from(self.p) * u64::from(self.q)).to_be_bytes()
    }
}

/// Draws a pq.
pub fn random_pq(rng: &mut (impl CryptoRng + ?Sized)) -> Pq {
    let p = random_prime(rng);
    loop {
        let q = random_prime(rng);
        if p != q {
            return Pq {
                p: p.min(q),
                q: p.max(q),
            };
        }
    }
}

/// A prime between 2^30 and 2^31.
fn random_prime(rng: &mut (impl CryptoRng + ?Sized)) -> u32 {
    loop {
        let candidate = rng.next_u32() >> 2 | 1 << 30 | 1;
        if is_prime(u64::from(candidate)) {
            return candidate;
        }
    }
}

/// Factors a product of two primes below 2^63; `None` if it is no such product.
///
/// The work is bounded: about 2^18 steps for the hardest numbers a server may send.
pub fn factorize(pq: u64) -> Option<(u64, u64)> {
    if !(6..1 << 63).contains(&pq) || is_prime(pq) {
        return None;
    }
    for small in [2, 3, 5, 7, 11, 13] {
        if pq.is_multiple_of(small) {
            return prime_pair(small, pq / small);
        }
    }
    let root = pq.isqrt();
    if root * root == pq {
        return prime_pair(root, root);
    }
    let field = Montgomery::new(pq);
    (1..=STARTS_MAX)
        .find_map(|constant| rho(&field, constant))
        .and_then(|factor| prime_pair(factor, pq / factor))
}

/// How many polynomials are tried; one suffices for all but a few numbers.
const STARTS_MAX: u64 = 20;
/// Steps of one walk: eight times what the smallest prime factor below 2^32 needs on average.
const STEPS_MAX: u32 = 1 << 19;
/// Differences multiplied together before one gcd.
const BATCH_LEN: u32 = 128;

fn prime_pair(a: u64, b: u64) -> Option<(u64, u64)> {
    (is_prime(a) && is_prime(b)).then(|| (a.min(b), a.max(b)))
}

/// Brent's variant of Pollard's rho.
fn rho(field: &Montgomery, constant: u64) -> Option<u64> {
    let step = |x: u64| field.add(field.mul(x, x), constant);
    let mut y = field.add(constant, 1);
    let mut length = 1u32;
    let mut steps = 0u32;
    loop {
        let x = y;
        for _ in 0..length {
            y = step(y);
        }
        let mut done = 0;
        while done < length {
            let batch_start = y;
            let batch = BATCH_LEN.min(length - done);
            let mut product = field.one;
            for _ in 0..batch {
                y = step(y);
                product = field.mul(product, x.abs_diff(y));
            }
            let divisor = gcd(product, field.n);
            if divisor != 1 {
                return single_steps(field, x, batch_start, batch, step);
            }
            done += batch;
        }
        steps += 2 * length;
        if steps > STEPS_MAX {
            return None;
        }
        length *= 2;
    }
}

/// Walks a batch again, one gcd a step, to find which factor it was.
fn single_steps(
    field: &Montgomery,
    x: u64,
    mut y: u64,
    batch: u32,
    step: impl Fn(u64) -> u64,
) -> Option<u64> {
    for _ in 0..batch {
        y = step(y);
        let divisor = gcd(x.abs_diff(y), field.n);
        if divisor != 1 {
            return (divisor != field.n).then_some(divisor);
        }
    }
    None
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    if a == 0 {
        return b;
    }
    let shift = (a | b).trailing_zeros();
    a >>= a.trailing_zeros();
    while b != 0 {
        b >>= b.trailing_zeros();
        if a > b {
            std::mem::swap(&mut a, &mut b);
        }
        b -= a;
    }
    a << shift
}

/// Arithmetic modulo an odd n < 2^63 in Montgomery form.
struct Montgomery {
    n: u64,
    /// −n^−1 mod 2^64.
    negative_inverse: u64,
    /// 2^64 mod n.
    one: u64,
}

impl Montgomery {
    fn new(n: u64) -> Self {
        let mut inverse = n;
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(n.wrapping_mul(inverse)));
        }
        Self {
            n,
            negative_inverse: inverse.wrapping_neg(),
            one: (u64::MAX % n + 1) % n,
        }
    }

    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the low and the high half of a product are meant"
    )]
    fn mul(&self, a: u64, b: u64) -> u64 {
        let product = u128::from(a) * u128::from(b);
        let factor = (product as u64).wrapping_mul(self.negative_inverse);
        let sum = product + u128::from(factor) * u128::from(self.n);
        let reduced = (sum >> 64) as u64;
        reduced.min(reduced.wrapping_sub(self.n))
    }

    #[inline(always)]
    fn add(&self, a: u64, b: u64) -> u64 {
        let sum = a + b;
        sum.min(sum.wrapping_sub(self.n))
    }

    fn pow(&self, base: u64, mut exponent: u64) -> u64 {
        let (mut square, mut power) = (base, self.one);
        while exponent != 0 {
            if exponent & 1 == 1 {
                power = self.mul(power, square);
            }
            square = self.mul(square, square);
            exponent >>= 1;
        }
        power
    }

    fn to_form(&self, value: u64) -> u64 {
        let wide = (u128::from(value) << 64) % u128::from(self.n);
        u64::try_from(wide).unwrap_or(0)
    }
}

/// Miller–Rabin with the bases that decide every number below 2^64.
fn is_prime(n: u64) -> bool {
    const BASES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
    if !(2..1 << 63).contains(&n) {
        return false;
    }
    for base in BASES {
        if n.is_multiple_of(base) {
            return n == base;
        }
    }
    // Three bases decide below 4,759,123,141: all primes of a server.
    let bases: &[u64] = if n < 4_759_123_141 {
        &[2, 7, 61]
    } else {
        &BASES
    };
    let field = Montgomery::new(n);
    let minus_one = n - field.one;
    let twos = (n - 1).trailing_zeros();
    bases.iter().all(|base| {
        let mut power = field.pow(field.to_form(*base), (n - 1) >> twos);
        if power == field.one || power == minus_one {
            return true;
        }
        for _ in 1..twos {
            power = field.mul(power, power);
            if power == minus_one {
                return true;
            }
        }
        false
    })
}
