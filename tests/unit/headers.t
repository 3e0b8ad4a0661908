#!/bin/bash
# The engine's headers are its guide: each function that one of them offers is named in a comment there,
# and where a heading says in which files the functions below it are, there they are.
cd "$(dirname "$0")/../.." || exit
perl -e '
	my ($n, $failed) = (0, 0);
	sub text {
		my ($path) = @_;
		open my $file, "<", $path or die "$path: $!";
		local $/;
		return <$file>;
	}
	sub report {
		my ($what, $word, @wrong) = @_;
		print @wrong ? "not ok " : "ok ", ++$n, " - $what\n";
		print "# $word: @wrong\n" if @wrong;
		$failed += @wrong;
	}
	# a line that begins with a type and has a name before its first parenthesis
	my $function = qr/^(?!typedef|return|extern|struct \w+ \{)[a-z][\w \t*]*?[ *]([a-z_]\w*)\(/m;

	for my $path (sort glob "include/mman/*.h") {
		my $code = text($path);
		my $comments = join " ", $code =~ m{/\*.*?\*/}sg;
		$code =~ s{/\*.*?\*/}{ }sg;
		my %functions;
		$functions{$1} = 1 while $code =~ /$function/g;
		delete $functions{__attribute__};
		my @silent = grep { $comments !~ /\b\Q$_\E\b/ } sort keys %functions;
		# what is rare of an inline function is told with that one
		@silent = grep { !/_slow$/ } @silent;
		report("$path says what its functions do", "not a word of", @silent);
	}

	my %home;
	for my $path (glob "mm/*.c") {
		my $code = text($path);
		$code =~ s{/\*.*?\*/}{ }sg;
		my ($file) = $path =~ m{([^/]+)$};
		$home{$1} = $file while $code =~ /^(?!static)[a-z][\w \t*]*?[ *]([a-z_]\w*)\([^;{}]*\)\s*\{/mg;
	}
	for my $path (sort glob "include/mman/*.h mm/*.h") {
		my (@wrong, %here);
		# a heading, another comment, or what stands between comments
		for my $part (split m{(/\*.*?\*/)}s, text($path)) {
			if ($part =~ m{^/\* (?:----|\w+\.c(?: \*/|:))}) {
				%here = map { $_ => 1 } $part =~ /(\w+\.c)\b/g;
			} elsif (%here && $part !~ m{^/\*}) {
				while ($part =~ /$function/g) {
					push @wrong, $1 if $home{$1} && !$here{$home{$1}};
				}
			}
		}
		report("$path says where they are", "elsewhere", @wrong);
	}
	print "1..$n\n";
	exit($failed != 0);'
