//! The configuration that clients ask for at every start (account sheet 6.1).

use tl_api::{functions, types};

use crate::context::Context;
use crate::error::Result;

/// How long a client may keep the configuration, seconds.
const CONFIG_LIFE_S: i32 = 3600;
/// Data centres that clients know; all of them are this server.
const DATA_CENTRES: std::ops::RangeInclusive<i32> = 1..=5;

/// help.getConfig
pub(super) async fn get_config(
    context: &Context<'_>,
    _: functions::help::GetConfig,
) -> Result<types::Config> {
    let mut config = config(context);
    config.reactions_default = default_reaction(context).await?;
    Ok(config)
}

/// What a double tap means to the caller.
async fn default_reaction(context: &Context<'_>) -> Result<Option<types::Reaction>> {
    let chosen = match context.caller.user {
        Some(user) => {
            let user = store::UserId(user.0);
            let settings = context.messenger().account_settings(user).await?;
            tl::from_bytes(&settings.default_reaction.into()).ok()
        }
        None => None,
    };
    Ok(Some(chosen.unwrap_or(types::Reaction::Emoji {
        emoticon: "👍".into(),
    })))
}

fn config(context: &Context<'_>) -> types::Config {
    let options = &context.services.options;
    let now = context.now.date();
    types::Config {
        default_p2p_contacts: true,
        preload_featured_stickers: false,
        revoke_pm_inbox: true,
        blocked_mode: false,
        force_try_ipv6: false,
        date: now,
        expires: now.saturating_add(CONFIG_LIFE_S),
        test_mode: false,
        this_dc: options.dc_id,
        dc_options: dc_options(options),
        dc_txt_domain_name: "".into(),
        chat_size_max: 200,
        megagroup_size_max: 200_000,
        forwarded_count_max: 100,
        online_update_period_ms: 210_000,
        offline_blur_timeout_ms: 5_000,
        offline_idle_timeout_ms: 30_000,
        online_cloud_timeout_ms: 300_000,
        notify_cloud_delay_ms: 30_000,
        notify_default_delay_ms: 1_500,
        push_chat_period_ms: 60_000,
        push_chat_limit: 2,
        edit_time_limit: 172_800,
        revoke_time_limit: i32::MAX,
        revoke_pm_time_limit: i32::MAX,
        rating_e_decay: 2_419_200,
        stickers_recent_limit: 200,
        channels_read_media_period: 604_800,
        tmp_sessions: None,
        call_receive_timeout_ms: 20_000,
        call_ring_timeout_ms: 90_000,
        call_connect_timeout_ms: 30_000,
        call_packet_timeout_ms: 10_000,
        me_url_prefix: "https://t.me/".into(),
        autoupdate_url_prefix: None,
        gif_search_username: None,
        venue_search_username: None,
        img_search_username: None,
        static_maps_provider: None,
        caption_length_max: 1024,
        message_length_max: 4096,
        webfile_dc_id: options.dc_id,
        suggested_lang_code: None,
        lang_pack_version: None,
        base_lang_pack_version: None,
        reactions_default: None,
        autologin_token: None,
    }
}

/// One address, under the name of every data centre a client may ask for (clients-python 1.22).
fn dc_options(options: &crate::Options) -> Vec<types::DcOption> {
    DATA_CENTRES
        .map(|id| {
            let address = options.address;
            let mut option = types::DcOption::new(
                id,
                address.ip().to_string().into(),
                i32::from(address.port()),
            );
            option.ipv6 = address.is_ipv6();
            option.static_ = true;
            option.tcpo_only = true;
            option.this_port_only = true;
            option
        })
        .collect()
}

/// help.getNearestDc
pub(super) async fn get_nearest_dc(
    context: &Context<'_>,
    _: functions::help::GetNearestDc,
) -> Result<types::NearestDc> {
    let dc_id = context.services.options.dc_id;
    Ok(types::NearestDc {
        country: "".into(),
        this_dc: dc_id,
        nearest_dc: dc_id,
    })
}
