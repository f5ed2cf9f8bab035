/** The WebSocket subprotocol of these messages; another version would have another name. */
export const subprotocol = "busbar.v1";
