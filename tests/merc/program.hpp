#pragma once

#include <nlohmann/json.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

/// The executable as a user runs it.
namespace program {

namespace fs = std::filesystem;

/// A folder that goes away.
class Scratch {
 public:
  Scratch() {
    static std::atomic<int> count = 0;
    path_ = fs::temp_directory_path() / ("idcl_merc_" + std::to_string(::getpid()) + "_" + std::to_string(count++));
    fs::create_directories(path_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  fs::path operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

inline std::string content(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

inline void write(const fs::path& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

inline nlohmann::json json(const fs::path& path) { return nlohmann::json::parse(content(path)); }

inline std::size_t lines(const std::string& text) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')); }

/// What a process said and how it ended.
struct Result {
  int status = -1;
  std::string out, err;
};

using Words = std::vector<std::string>;

/// A running idcl-merc with its output in files.
class Process {
 public:
  explicit Process(Words words, const std::string& program = IDCL_MERC) {
    words.insert(words.begin(), program);
    process_ = ::fork();
    if (process_ == 0) {
      std::vector<char*> arguments;
      for (auto& word : words) arguments.push_back(word.data());
      arguments.push_back(nullptr);
      std::freopen((scratch_ / "out").c_str(), "w", stdout);
      std::freopen((scratch_ / "err").c_str(), "w", stderr);
      ::execvp(arguments[0], arguments.data());
      ::_exit(127);
    }
  }

  void send(int signal) const { ::kill(process_, signal); }

  /// Waits for a condition while the process runs; false where it ended first.
  bool until(const std::function<bool()>& holds) {
    while (!holds()) {
      if (::waitpid(process_, &raw_, WNOHANG) == process_) return ended_ = true, holds();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }

  Result wait() {
    if (!ended_) ::waitpid(process_, &raw_, 0);
    ended_ = true;
    return {WIFEXITED(raw_) ? WEXITSTATUS(raw_) : 128 + WTERMSIG(raw_), content(scratch_ / "out"), content(scratch_ / "err")};
  }

 private:
  Scratch scratch_;
  pid_t process_ = -1;
  int raw_ = 0;
  bool ended_ = false;
};

inline Result run(const Words& words) { return Process(words).wait(); }

/// The same where no file may grow beyond `blocks` of 512 bytes (1024 in some shells), as on a full disk.
inline Result run_with_file_limit(int blocks, const Words& words) {
  Words shell{"-c", "ulimit -f " + std::to_string(blocks) + "; exec \"$0\" \"$@\"", IDCL_MERC};
  shell.insert(shell.end(), words.begin(), words.end());
  return Process(shell, "/bin/sh").wait();
}

/// A small synthetic corpus, the words of a training on it that takes a second, and the words to add.
inline Words tiny_synth(const fs::path& out, const std::string& shape = "iemocap") {
  return {"synth",         "--out", out.string(), "--shape",         shape,    "--dialogs", "16",
          "--mean-length", "9",     "--dims",     "text=10,audio=6", "--quiet"};
}

inline Words operator+(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

inline const Words tiny_network{"--hidden", "16", "--heads", "2", "--epochs", "4", "--pretrain-epochs", "2", "--threads", "1"};

}  // namespace program
