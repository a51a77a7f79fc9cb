//! help.*

use tl_api::functions;

use crate::harness::Server;

#[tokio::test]
async fn everybody_gets_the_config() {
    let server = Server::start();
    for layer in [158, 230] {
        let client = server.client(layer).await;
        let config = client.call(functions::help::GetConfig {}).await.unwrap();
        assert_eq!(config.this_dc, 2);
        assert_eq!(config.date, server.world.now_s());
        assert!(config.dc_options.iter().any(|option| option.id == 2));
    }
}
