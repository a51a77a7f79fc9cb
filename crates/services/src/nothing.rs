//! Methods whose whole truth is one value: mostly that there is nothing.

/// Functions that answer with a value, whatever was asked.
///
/// ```text
/// nothing! {
///     account {
///         get_themes: GetThemes => no_themes(), types::account::Themes;
///     }
/// }
/// ```
macro_rules! nothing {
    ($namespace:ident { $($handler:ident: $request:ident => $answer:expr, $result:ty;)* }) => {
        $(
            #[doc = concat!(stringify!($namespace), ".", stringify!($request))]
            pub(super) async fn $handler(
                _: &$crate::context::Context<'_>,
                _: tl_api::functions::$namespace::$request,
            ) -> $crate::error::Result<$result> {
                Ok($answer)
            }
        )*
    };
}
pub(crate) use nothing;
