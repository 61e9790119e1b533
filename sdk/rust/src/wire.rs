// SPDX-License-Identifier: Apache-2.0
//! Payloads with a meaning: fields one after the other, little-endian, nothing between.
//!
//! ```ignore
//! message! {
//!     /// Two numbers to add.
//!     pub struct Add = 330 { a: i32, b: i32 }
//! }
//! if let Some(add) = msg.read::<Add>() { ... }
//! Sum { sum }.send(msg.source);
//! ```

/// A message type. `message!` writes it.
pub trait Wire: Sized {
    const KIND: i32;
    /// Bytes of the payload.
    const SIZE: usize;
    fn write(&self, writer: &mut Writer);
    fn read(reader: &mut Reader) -> Option<Self>;
}

/// What a field may be: integers, bool, floats, arrays of bytes, messages.
pub trait Field: Sized {
    const SIZE: usize;
    fn write(&self, writer: &mut Writer);
    fn read(reader: &mut Reader) -> Option<Self>;
}

pub struct Writer<'a> {
    left: &'a mut [u8],
}

impl<'a> Writer<'a> {
    pub fn new(bytes: &'a mut [u8]) -> Self {
        Writer { left: bytes }
    }

    /// What does not fit is left out.
    pub fn bytes(&mut self, bytes: &[u8]) {
        let left = core::mem::take(&mut self.left);
        if bytes.len() > left.len() {
            return;
        }
        let (here, rest) = left.split_at_mut(bytes.len());
        here.copy_from_slice(bytes);
        self.left = rest;
    }
}

pub struct Reader<'a> {
    left: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { left: bytes }
    }

    pub fn bytes(&mut self, size: usize) -> Option<&'a [u8]> {
        let bytes = self.left.get(..size)?;
        self.left = &self.left[size..];
        Some(bytes)
    }

    pub fn is_at_end(&self) -> bool {
        self.left.is_empty()
    }
}

macro_rules! number_fields {
    ($($number:ty)*) => {$(
        impl Field for $number {
            const SIZE: usize = core::mem::size_of::<$number>();
            fn write(&self, writer: &mut Writer) {
                writer.bytes(&self.to_le_bytes());
            }
            fn read(reader: &mut Reader) -> Option<Self> {
                let bytes = reader.bytes(core::mem::size_of::<$number>())?;
                Some(<$number>::from_le_bytes(bytes.try_into().ok()?))
            }
        }
    )*};
}

number_fields!(u8 u16 u32 u64 i8 i16 i32 i64 f32 f64);

impl Field for bool {
    const SIZE: usize = 1;
    fn write(&self, writer: &mut Writer) {
        writer.bytes(&[*self as u8]);
    }
    fn read(reader: &mut Reader) -> Option<Self> {
        match reader.bytes(1)? {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }
}

impl<const N: usize> Field for [u8; N] {
    const SIZE: usize = N;
    fn write(&self, writer: &mut Writer) {
        writer.bytes(self);
    }
    fn read(reader: &mut Reader) -> Option<Self> {
        reader.bytes(N)?.try_into().ok()
    }
}

/// A struct with a number: `message! { struct Add = 330 { a: i32, b: i32 } }`.
#[macro_export]
macro_rules! message {
    ($(#[$about:meta])* $seen:vis struct $name:ident = $kind:literal {
        $($(#[$said:meta])* $field:ident : $type:ty),* $(,)?
    }) => {
        $(#[$about])*
        $seen struct $name {
            $($(#[$said])* pub $field: $type),*
        }

        impl $crate::Wire for $name {
            const KIND: i32 = $kind;
            const SIZE: usize = 0 $(+ <$type as $crate::Field>::SIZE)*;
            fn write(&self, writer: &mut $crate::Writer) {
                $($crate::Field::write(&self.$field, writer);)*
            }
            fn read(reader: &mut $crate::Reader) -> Option<Self> {
                Some($name { $($field: $crate::Field::read(reader)?),* })
            }
        }

        #[allow(dead_code)]
        impl $name {
            /// True when it was sent.
            $seen fn send(&self, to: $crate::ActorId) -> bool {
                let mut bytes = [0; <Self as $crate::Wire>::SIZE];
                $crate::Wire::write(self, &mut $crate::Writer::new(&mut bytes));
                $crate::send(to, <Self as $crate::Wire>::KIND, &bytes)
            }
        }
    };
}
