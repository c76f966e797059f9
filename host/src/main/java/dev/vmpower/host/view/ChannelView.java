package dev.vmpower.host.view;

/**
 * One channel.
 *
 * @param channel N of the port's name
 * @param state {@code connected} or {@code waiting}
 * @param port {@code open} or {@code closed} by the guest, as far as is known
 * @param enabled whether its requests count
 * @param droppedReplies ACKs that the guest did not read
 */
public record ChannelView(
    String vm,
    int channel,
    String state,
    String port,
    boolean enabled,
    long requests,
    long refused,
    long droppedReplies) {}
