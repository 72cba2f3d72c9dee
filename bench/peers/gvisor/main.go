// A forwarder on gVisor's network stack, as small as one can be: the guest's TCP and UDP go out
// through sockets of the host, the gateway's addresses to its loopback.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go build
//	forwarder NAMESPACE-FILE DEVICE MTU
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/fdbased"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"
)

const nic = 1

func check(what string, err interface{}) {
	if err == nil || fmt.Sprint(err) == "<nil>" {
		return
	}
	fmt.Fprintln(os.Stderr, "Cannot", what+":", err)
	os.Exit(1)
}

// openTun opens a TUN device that belongs to another namespace.
func openTun(namespace, name string) int {
	runtime.LockOSThread()
	own, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	check("open our namespace", err)
	theirs, err := unix.Open(namespace, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	check("open the guest's namespace", err)
	check("enter the guest's namespace", unix.Setns(theirs, unix.CLONE_NEWNET))
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	check("open /dev/net/tun", err)
	var request [40]byte
	copy(request[:15], name)
	*(*uint16)(unsafe.Pointer(&request[16])) = unix.IFF_TUN | unix.IFF_NO_PI
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TUNSETIFF, uintptr(unsafe.Pointer(&request[0]))); e != 0 {
		check("make the interface", e)
	}
	check("go back to our namespace", unix.Setns(own, unix.CLONE_NEWNET))
	runtime.UnlockOSThread()
	return fd
}

// target is where a flow to address goes.
func target(address tcpip.Address, port uint16) string {
	ip := net.IP(address)
	switch ip.String() {
	case "10.0.2.2":
		ip = net.IPv4(127, 0, 0, 1)
	case "fd00::2":
		ip = net.IPv6loopback
	}
	return net.JoinHostPort(ip.String(), strconv.Itoa(int(port)))
}

func forwardTCP(request *tcp.ForwarderRequest) {
	id := request.ID()
	outside, err := net.DialTimeout("tcp", target(id.LocalAddress, id.LocalPort), 10*time.Second)
	if err != nil {
		request.Complete(true)
		return
	}
	var queue waiter.Queue
	endpoint, failure := request.CreateEndpoint(&queue)
	request.Complete(false)
	if failure != nil {
		outside.Close()
		return
	}
	endpoint.SocketOptions().SetDelayOption(false)
	inside := gonet.NewTCPConn(&queue, endpoint)
	done := make(chan struct{})
	go func() {
		io.Copy(outside, inside)
		outside.(*net.TCPConn).CloseWrite()
		close(done)
	}()
	io.Copy(inside, outside)
	inside.CloseWrite()
	<-done
	inside.Close()
	outside.Close()
}

// The endpoint has to be there before the handler returns: the request's packet goes into it.
func acceptUDP(request *udp.ForwarderRequest) {
	var queue waiter.Queue
	endpoint, failure := request.CreateEndpoint(&queue)
	if failure != nil {
		return
	}
	go forwardUDP(request.ID(), gonet.NewUDPConn(nil, &queue, endpoint))
}

func forwardUDP(id stack.TransportEndpointID, inside *gonet.UDPConn) {
	outside, err := net.Dial("udp", target(id.LocalAddress, id.LocalPort))
	if err != nil {
		inside.Close()
		return
	}
	pass := func(to, from net.Conn) {
		defer to.Close()
		defer from.Close()
		buffer := make([]byte, 65536)
		for {
			from.SetReadDeadline(time.Now().Add(time.Minute))
			count, err := from.Read(buffer)
			if err != nil {
				return
			}
			to.Write(buffer[:count])
		}
	}
	go pass(outside, inside)
	go pass(inside, outside)
}

func main() {
	mtu, err := strconv.Atoi(os.Args[3])
	check("understand the MTU", err)
	fd := openTun(os.Args[1], os.Args[2])
	link, err := fdbased.New(&fdbased.Options{FDs: []int{fd}, MTU: uint32(mtu), PacketDispatchMode: fdbased.Readv})
	check("make the link", err)
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol, udp.NewProtocol},
	})
	// As its users set it: selective acknowledgments, and buffers that grow to 4 MiB.
	sack := tcpip.TCPSACKEnabled(true)
	s.SetTransportProtocolOption(tcp.ProtocolNumber, &sack)
	receive := tcpip.TCPReceiveBufferSizeRangeOption{Min: 4096, Default: 1 << 20, Max: 4 << 20}
	s.SetTransportProtocolOption(tcp.ProtocolNumber, &receive)
	send := tcpip.TCPSendBufferSizeRangeOption{Min: 4096, Default: 1 << 20, Max: 4 << 20}
	s.SetTransportProtocolOption(tcp.ProtocolNumber, &send)
	moderate := tcpip.TCPModerateReceiveBufferOption(true)
	s.SetTransportProtocolOption(tcp.ProtocolNumber, &moderate)
	check("make the interface", s.CreateNIC(nic, link))
	s.SetPromiscuousMode(nic, true)
	s.SetSpoofing(nic, true)
	s.SetRouteTable([]tcpip.Route{
		{Destination: header.IPv4EmptySubnet, NIC: nic},
		{Destination: header.IPv6EmptySubnet, NIC: nic},
	})
	s.SetTransportProtocolHandler(tcp.ProtocolNumber, tcp.NewForwarder(s, 0, 65536, func(request *tcp.ForwarderRequest) {
		go forwardTCP(request)
	}).HandlePacket)
	s.SetTransportProtocolHandler(udp.ProtocolNumber, udp.NewForwarder(s, acceptUDP).HandlePacket)
	select {}
}
