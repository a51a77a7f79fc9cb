//! An allocator that counts, by thread, what a piece of code asks for.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

/// The system's allocator, counting.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes that a thread holds and has asked for.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    held: usize,
    peak: usize,
    largest: usize,
}

thread_local! {
    static COUNT: Cell<Count> = const { Cell::new(Count { held: 0, peak: 0, largest: 0 }) };
}

fn grown(bytes: usize) {
    // A thread that ends has no counter any more.
    let _ = COUNT.try_with(|cell| {
        let mut count = cell.get();
        count.held = count.held.saturating_add(bytes);
        count.peak = count.peak.max(count.held);
        count.largest = count.largest.max(bytes);
        cell.set(count);
    });
}

fn shrunk(bytes: usize) {
    let _ = COUNT.try_with(|cell| {
        let mut count = cell.get();
        count.held = count.held.saturating_sub(bytes);
        cell.set(count);
    });
}

#[allow(
    unsafe_code,
    reason = "what is allocated can only be counted in the allocator"
)]
// SAFETY: every call goes to the system's allocator with the arguments it came with; the counter
// itself never allocates.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grown(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        shrunk(layout.size());
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // The old and the new block may exist at once.
        grown(new_size);
        // SAFETY: the caller keeps the contract of `realloc`.
        let new = unsafe { System.realloc(at, layout, new_size) };
        shrunk(layout.size());
        new
    }
}

/// What `run` allocated in this thread, bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Allocated {
    /// The most that it held at one time, beyond what was held before.
    pub(crate) peak: usize,
    /// The largest single block.
    pub(crate) largest: usize,
}

/// Runs and counts.
pub(crate) fn count<T>(run: impl FnOnce() -> T) -> (T, Allocated) {
    let before = COUNT.get().held;
    COUNT.set(Count {
        held: before,
        peak: before,
        largest: 0,
    });
    let value = run();
    let count = COUNT.get();
    let (peak, largest) = (count.peak.saturating_sub(before), count.largest);
    (value, Allocated { peak, largest })
}
