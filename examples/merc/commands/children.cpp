#include "commands/children.hpp"

#include "data/corpus.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>

namespace merc::commands {
namespace {

namespace fs = std::filesystem;

std::string own_path() {
  std::error_code none;
  const auto path = fs::read_symlink("/proc/self/exe", none);
  return none ? "idcl-merc" : path.string();
}

/// What becomes of the copy of this process: nothing but system calls, since other threads are not there to give up what they hold.
[[noreturn]] void become(char* const* arguments, int log, pid_t parent, const sigset_t& signals) {
  ::setpgid(0, 0);  // Ctrl-C is for the parent, which asks each child once
#ifdef __linux__
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(127);
#else
  (void)parent;
#endif
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &signals, nullptr);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execvp(arguments[0], arguments);
  ::_exit(127);
}

/// The last error in a log, without the name of the program.
std::string last_error(const fs::path& log, std::uintmax_t from) {
  std::ifstream stream(log);
  stream.seekg(static_cast<std::streamoff>(from));
  const std::string head = "idcl-merc: ";
  std::string found;
  for (std::string line; std::getline(stream, line);)
    if (line.starts_with(head) && !line.starts_with(head + "WARNING")) found = line.substr(head.size());
  return found;
}

std::string fault_of(int status, const fs::path& log, std::uintmax_t from) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return "";
  if (WIFSIGNALED(status))
    return std::string("was ended by the system: ") + strsignal(WTERMSIG(status)) +
           (WTERMSIG(status) == SIGKILL ? ", as happens where memory is short" : "");
  const auto error = last_error(log, from);
  return error.empty() ? "ended with status " + std::to_string(WEXITSTATUS(status)) + ", see " + log.string() : error;
}

double mebibytes(const rusage& usage) {
#ifdef __APPLE__
  return static_cast<double>(usage.ru_maxrss) / (1 << 20);  // bytes
#else
  return static_cast<double>(usage.ru_maxrss) / (1 << 10);  // KiB
#endif
}

}  // namespace

Children::~Children() {
  stop();
  for (const auto& [process, child] : processes_) ::waitpid(process, nullptr, 0);
}

void Children::start(std::size_t number, const std::vector<std::string>& words, const fs::path& log) {
  std::error_code none;
  fs::create_directories(log.parent_path(), none);
  const auto size = fs::file_size(log, none);
  const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) throw DataError(log.string() + ": cannot be written: " + std::strerror(errno) + "; choose another --out");
  auto all = words;
  all.insert(all.begin(), own_path());
  std::vector<char*> arguments;
  for (auto& word : all) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  sigset_t asked_to_stop, before;  // held back until the child can be stopped by them
  ::sigemptyset(&asked_to_stop);
  ::sigaddset(&asked_to_stop, SIGINT);
  ::sigaddset(&asked_to_stop, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &asked_to_stop, &before);
  const auto parent = ::getpid();
  const auto process = ::fork();
  if (process == 0) become(arguments.data(), file, parent, before);
  const int cause = errno;
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  ::close(file);
  if (process < 0) throw DataError(std::string("no process can be started: ") + std::strerror(cause) + "; take fewer --jobs");
  processes_[process] = {number, log, none ? 0 : size};
}

std::optional<Children::Ended> Children::ended() {
  for (const auto& [process, child] : processes_) {
    int status = 0;
    rusage usage{};
    if (::wait4(process, &status, WNOHANG, &usage) != process) continue;
    Ended one{child.number, fault_of(status, child.log, child.said_before), mebibytes(usage)};
    processes_.erase(process);
    return one;
  }
  return std::nullopt;
}

void Children::stop() const {
  for (const auto& [process, child] : processes_) ::kill(process, SIGINT);
}

}  // namespace merc::commands
